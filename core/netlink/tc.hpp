// Traffic control at a link's two hooks: the clsact qdisc, and filters on it: by destination, by
// source, for all packets, or BPF programs. ensure_* and remove_* are idempotent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "netlink/socket.hpp"
#include "netlink/tc_action.hpp"

namespace terway::netlink {

enum class Hook { Ingress, Egress };

// A BPF program that decides itself what becomes of a packet (direct action).
struct Program {
    int fd = -1;           // of one to add, borrowed; the filter keeps the program and its maps
    std::uint32_t id = 0;  // of one that is there
    std::string name;      // of the filter, for people and to know it again
};

struct Filter {
    Hook hook = Hook::Egress;
    std::uint16_t priority = 0;
    std::uint16_t protocol = 0;  // ETH_P_IP, ETH_P_IPV6, ...
    std::uint32_t handle = 0;    // 0: the kernel's to choose
    // "flower" goes by destination, "u32" by source, "bpf" is for every packet; others are only
    // ever read, without what they match.
    std::string kind = "flower";
    std::optional<Prefix> destination;  // of the packet
    std::vector<Action> actions;
    std::uint32_t flow = 0;  // of u32, bpf: the class packets are of; without a meaning on a hook
    std::optional<IpAddress> source{};  // of the packet
    std::optional<Program> program{};   // of bpf

    // True if both do the same, whatever their handles; of programs their names say so.
    [[nodiscard]] bool same_as(const Filter& other) const;
};

// False if there was one.
bool ensure_clsact(Socket& socket, std::uint32_t ifindex);
// Takes all filters along. False if there was none.
bool remove_clsact(Socket& socket, std::uint32_t ifindex);

// None if the link has no clsact.
[[nodiscard]] std::vector<Filter> filters(Socket& socket, std::uint32_t ifindex, Hook hook);
// A flower, u32 or bpf filter in software. The link has a clsact.
void add_filter(Socket& socket, std::uint32_t ifindex, const Filter& filter);
// The same, or one of the same priority, protocol and handle becomes it; no packet passes neither.
void set_filter(Socket& socket, std::uint32_t ifindex, const Filter& filter);
// Gives the filter with this handle other actions; no packet goes between the old and the new ones.
// False if there is none.
bool change_actions(Socket& socket, std::uint32_t ifindex, const Filter& filter);
// As listed by filters(); without a handle all of its priority and protocol. False if there was
// none.
bool remove_filter(Socket& socket, std::uint32_t ifindex, const Filter& filter);

}  // namespace terway::netlink
