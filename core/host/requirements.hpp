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
//     eni:exclusive                      nothing: the module says that it lends whole ENIs to pods
//
// Attempts that change anything happen in a network namespace that lives as long as the attempt.
#pragma once

#include <span>
#include <string>
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
[[nodiscard]] std::vector<RequirementResult> evaluate(std::span<const std::string> requirements);

}  // namespace terway::host
