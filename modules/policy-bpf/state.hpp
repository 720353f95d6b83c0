// What the kernel has of us: maps, pinned so that they outlive the daemon, and the programs that
// work on them.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "base/fd.hpp"
#include "bpf/layout.h"
#include "loader.hpp"
#include "map.hpp"
#include "options.hpp"

namespace terway::policy_bpf {

// Maps belong to a network namespace, the host's: two daemons of two namespaces do not meet.
class State {
public:
    // Takes over what is pinned, or makes and pins it; of the calling thread's network namespace.
    // Throws Error with the kernel's reason.
    explicit State(const Options& options);
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    // Unpins everything of the calling thread's network namespace, of all layouts. Throws Error.
    static void purge(const Options& options);

    // Endpoints in use.
    struct Living {
        std::set<std::uint32_t> serials;
        std::uint32_t below = 0;  // all serials that were given out
    };
    [[nodiscard]] Living living() const;

    // Maps that were there in another size than the options say, for people; empty if there are
    // none.
    [[nodiscard]] const std::string& other_sizes() const noexcept { return other_sizes_; }

    [[nodiscard]] policy_settings& settings() const { return settings_[0]; }
    [[nodiscard]] policy_endpoint& endpoint(std::uint32_t index) const { return endpoints_[index]; }
    // An identifier that was never used in these maps. One thread at a time.
    [[nodiscard]] std::uint32_t take_id() const;

    [[nodiscard]] const Map<std::uint32_t, policy_rules>& rules() const { return rules_; }
    [[nodiscard]] const Map<policy_port, std::uint32_t>& ports() const { return ports_; }
    [[nodiscard]] const Map<std::uint32_t, policy_list>& lists() const { return lists_; }
    [[nodiscard]] const Map<policy_member, std::uint32_t>& members() const { return members_; }
    [[nodiscard]] const Map<policy_block, std::uint32_t>& blocks() const { return blocks_; }
    [[nodiscard]] const Map<policy_connection_key, policy_connection>& connections() const {
        return connections_;
    }
    [[nodiscard]] const Map<policy_address, policy_neighbour>& neighbours() const {
        return neighbours_;
    }
    [[nodiscard]] const Map<policy_frontend_key, policy_frontend>& frontends() const {
        return frontends_;
    }
    [[nodiscard]] const Map<policy_backend_key, policy_backend>& backends() const {
        return backends_;
    }
    [[nodiscard]] const Map<policy_target_key, std::uint32_t>& targets() const { return targets_; }
    [[nodiscard]] int verdicts_fd() const noexcept { return verdicts_.get(); }

    [[nodiscard]] policy_counter counter(std::uint32_t index) const;
    void clear_counter(std::uint32_t index) const;
    // Of all processors; see layout.h.
    [[nodiscard]] std::uint64_t reason(std::uint32_t which) const;

    struct Program {
        int fd = -1;                 // lives as long as the state
        std::uint32_t id = 0;        // the kernel's
        std::string tag;             // of its instructions
        std::uint32_t verified = 0;  // instructions the verifier looked at; 0 before Linux 5.16
    };
    [[nodiscard]] const Program& from_pod() const noexcept { return from_pod_; }
    [[nodiscard]] const Program& to_pod() const noexcept { return to_pod_; }
    enum class Kinship : std::uint8_t {
        Same,     // instructions and maps
        Cousin,   // other instructions on the same maps
        Stranger  // on other maps
    };
    // How the program with that id, which is in the kernel, is related to one of ours.
    [[nodiscard]] Kinship compare(std::uint32_t program_id, const Program& ours) const;

private:
    explicit State(Loaded parts);

    std::string other_sizes_;
    std::uint32_t endpoints_id_;
    Shared<policy_settings> settings_;
    Shared<policy_endpoint> endpoints_;
    Map<std::uint32_t, policy_rules> rules_;
    Map<policy_port, std::uint32_t> ports_;
    Map<std::uint32_t, policy_list> lists_;
    Map<policy_member, std::uint32_t> members_;
    Map<policy_block, std::uint32_t> blocks_;
    Map<policy_connection_key, policy_connection> connections_;
    Map<policy_address, policy_neighbour> neighbours_;
    Map<policy_frontend_key, policy_frontend> frontends_;
    Map<policy_backend_key, policy_backend> backends_;
    Map<policy_target_key, std::uint32_t> targets_;
    Fd counters_;
    Fd reasons_;
    Fd verdicts_;
    Fd from_fd_;
    Fd to_fd_;
    Program from_pod_;
    Program to_pod_;
};

}  // namespace terway::policy_bpf
