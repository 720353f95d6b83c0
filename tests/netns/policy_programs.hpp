// The programs of policy-bpf and their maps, without any link: packets are handed to the kernel's
// BPF_PROG_TEST_RUN. What a filter tells its program, the class, only a program may set there; so a
// small one sets it and goes on with the program that is meant.
#pragma once

#include <bpf/libbpf.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "base/netns.hpp"
#include "packet.hpp"
#include "rule_store.hpp"
#include "state.hpp"

namespace terway::test {

using policy_bpf::State;

enum class Way : std::uint8_t { Ingress = POLICY_INGRESS, Egress = POLICY_EGRESS };

// On which side of the pod's link the filter is. On the host's a packet to the pod that a process
// of the node sent is known by its socket, and the kernel gives packets of a test run one.
enum class Side : std::uint8_t { Host, Pod };

// What became of a packet.
struct Ruling {
    bool passed = false;
    std::optional<unsigned>
        reason;  // POLICY_BY_RULES ...: the counter of those that went up by one

    bool operator==(const Ruling&) const = default;
};
void PrintTo(const Ruling& ruling, std::ostream* out);
inline const Ruling kPassed{true, std::nullopt};
[[nodiscard]] inline Ruling dropped(unsigned reason) {
    return {false, reason};
}

class PolicyPrograms {
public:
    explicit PolicyPrograms(const policy_bpf::Options& options);
    ~PolicyPrograms();
    PolicyPrograms(const PolicyPrograms&) = delete;
    PolicyPrograms& operator=(const PolicyPrograms&) = delete;

    // The endpoint's index; it has the addresses and is closed.
    std::uint32_t add_endpoint(const std::vector<IpAddress>& addresses);
    [[nodiscard]] policy_endpoint& endpoint(std::uint32_t index) const {
        return state_->endpoint(index);
    }
    [[nodiscard]] policy_settings& settings() const { return state_->settings(); }
    [[nodiscard]] const State& state() const { return *state_; }
    [[nodiscard]] policy_bpf::RuleStore& store() { return *store_; }

    [[nodiscard]] Ruling run(Way way, std::uint32_t index, const Bytes& frame,
                             Side side = Side::Pod) const;
    // What the programs told since the last call.
    [[nodiscard]] std::vector<policy_verdict> verdicts();

private:
    struct Free {
        void operator()(ring_buffer* ring) const noexcept { ::ring_buffer__free(ring); }
    };

    [[nodiscard]] std::vector<std::uint64_t> reasons() const;

    Netns netns_ = Netns::create();
    NetnsScope scope_{netns_.fd()};
    policy_bpf::Options options_;
    std::unique_ptr<State> state_;
    std::unique_ptr<policy_bpf::RuleStore> store_;
    Fd programs_;  // what the small one goes on with, by direction
    Fd entry_;
    std::vector<policy_verdict> heard_;
    std::unique_ptr<ring_buffer, Free> ring_;
};

}  // namespace terway::test
