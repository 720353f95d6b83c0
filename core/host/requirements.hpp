// What a module says it needs of the node, tested by really trying it.
//
//     kernel>=4.19                       release of the running kernel
//     netdev:veth                        such a link can be created
//     qdisc:clsact                       such a queueing discipline can be attached
//     nft:inet                           an nftables table of that family can be created
//     bpf:sched_cls                      a BPF program of that type can be loaded
//     sysctl:net.ipv4.ip_forward=1       value in the host's network namespace
//     tool:iptables-restore              a program in PATH
//     cap:net_admin                      an effective capability of this process
//
// Three are no needs of the node but statements, see docs/module-abi.md:
//     eni:exclusive                      a dataplane: it lends whole ENIs to pods
//     offers:host-link                   a dataplane: what it has for the others
//     needs:host-link                    a QoS or policy module: what the dataplane must have, or
//                                        the profile say
//     needs:host-link if KEY=VALUE       the same, where the module's table says so
//
// Attempts that change anything happen in a network namespace that lives as long as the attempt.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace terway::host {

// One line of the preflight table.
struct RequirementResult {
    std::string need;  // as the module wrote it
    bool met = false;
    std::string found;  // what is there: "6.18.5", "Operation not supported"
    std::string fix;    // what a person can do; empty if met
};

// The calling thread's namespace is the host's; it is there again on return. An unknown or
// malformed requirement is unmet and says so. Throws Error only if the attempt itself cannot be
// made (out of descriptors).
// Statements have no result.
[[nodiscard]] std::vector<RequirementResult> evaluate(std::span<const std::string> requirements);

// What the statements of one kind, "offers" or "needs", name: "host-link".
[[nodiscard]] std::vector<std::string> stated(std::span<const std::string> requirements,
                                              std::string_view kind);

struct Need {
    std::string name;
    std::string key;  // of the module's table; empty: whatever that says
    std::string value;

    friend bool operator==(const Need&, const Need&) = default;
};
[[nodiscard]] std::vector<Need> stated_needs(std::span<const std::string> requirements);

}  // namespace terway::host
