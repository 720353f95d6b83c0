// Queueing disciplines of links, and the classes of htb. One request each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "netlink/qdisc_options.hpp"
#include "netlink/socket.hpp"

namespace terway::netlink {

// Where a qdisc hangs, beside a class of another one.
inline constexpr std::uint32_t kRoot = 0xffffffff;
inline constexpr std::uint32_t kHook = 0xfffffff1;  // clsact and ingress

// "1:1" is class_id(1, 1), and the qdisc "1:" has the handle class_id(1, 0).
[[nodiscard]] constexpr std::uint32_t class_id(std::uint16_t major, std::uint16_t minor) {
    return static_cast<std::uint32_t>(major) << 16U | minor;
}

// Since the object was made; waiting is now.
struct Counters {
    std::uint64_t bytes = 0;
    std::uint64_t packets = 0;
    std::uint64_t drops = 0;
    std::uint64_t overlimits = 0;
    std::uint64_t waiting_bytes = 0;
    std::uint64_t waiting_packets = 0;
    std::uint64_t bytes_per_second = 0;  // 0 where the kernel keeps no estimate
};

struct Qdisc {
    std::uint32_t ifindex = 0;
    std::uint32_t parent = kRoot;
    std::uint32_t handle = 0;  // 0: the kernel's own default, or none of our choice
    std::string kind;
    QdiscOptions options;
    Counters counters;
};

// The qdisc "major:" with these options.
[[nodiscard]] Qdisc make_qdisc(std::uint32_t ifindex, std::uint32_t parent, std::uint16_t major,
                               QdiscOptions options);

// None if the link or the place has none, or only what the kernel gives every link.
[[nodiscard]] std::optional<Qdisc> find_qdisc(Socket& socket, std::uint32_t ifindex,
                                              std::uint32_t parent);
// Of all links.
[[nodiscard]] std::vector<Qdisc> qdiscs(Socket& socket);
// Makes or changes it: one with the same handle keeps its queue; another at that place goes. The
// kind is that of the options unless it is given.
void set_qdisc(Socket& socket, const Qdisc& qdisc);
// False if there was none with this handle at that place.
bool remove_qdisc(Socket& socket, std::uint32_t ifindex, std::uint32_t parent,
                  std::uint32_t handle);

// A class of htb that borrows from nobody.
struct HtbClass {
    std::uint32_t ifindex = 0;
    std::uint32_t parent = 0;  // a class or the qdisc
    std::uint32_t id = 0;
    std::uint64_t rate = 0;   // bytes a second
    std::uint32_t burst = 0;  // bytes
    Counters counters;

    // True if the kernel would say the same of both, whatever they have counted.
    [[nodiscard]] bool same_as(const HtbClass& other) const;
};

[[nodiscard]] std::optional<HtbClass> find_class(Socket& socket, std::uint32_t ifindex,
                                                 std::uint32_t id);
// Makes or changes it; it keeps its queue.
void set_class(Socket& socket, const HtbClass& htb);

}  // namespace terway::netlink
