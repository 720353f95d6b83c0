// Everything the CNI benchmark needs, made ready: three nodes, a daemon, the floor's tables.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "contender.hpp"
#include "daemon.hpp"
#include "kernel_objects.hpp"
#include "world.hpp"

namespace terway::bench {

// The main thread's.
class Arena {
public:
    explicit Arena(const Programs& programs);
    ~Arena();
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;

    [[nodiscard]] const Contender& ours() const { return ours_; }
    [[nodiscard]] const Contender& floor() const { return floor_; }
    [[nodiscard]] const Contender& ptp() const { return ptp_; }
    [[nodiscard]] const Daemon& daemon() const { return *daemon_; }
    [[nodiscard]] const Lane& lane() const { return lane_; }
    [[nodiscard]] const Programs& programs() const { return programs_; }

    [[nodiscard]] std::uint32_t next_pod();
    [[nodiscard]] Sandbox new_sandbox();
    [[nodiscard]] std::vector<Sandbox> new_sandboxes(std::size_t count);

    // Removes what the floor made for the pod, outside of all measuring.
    void clear_floor(const std::vector<std::uint32_t>& pods) const;
    // Waits until no link of a pod is left on our node.
    void await_no_links() const { ours_.await_no_links(); }

private:
    Programs programs_;
    World world_;
    Contender ours_;
    Contender floor_;
    Contender ptp_;
    Lane lane_;
    std::unique_ptr<Daemon> daemon_;
    std::uint32_t pods_ = 0;
    std::uint32_t sandboxes_ = 0;
};

// Throws Error naming the step.
void expect(const Outcome& outcome);

}  // namespace terway::bench
