// The programs on a pod's link: filters at the two hooks.
#pragma once

#include <cstdint>
#include <string>

#include "netlink/socket.hpp"
#include "netlink/tc.hpp"
#include "state.hpp"

namespace terway::policy_bpf {

// Before those of others: the ENI's redirects (40000) and limits.
inline constexpr std::uint16_t kPriority = 25'000;

struct Place {
    std::uint32_t ifindex = 0;
    bool is_inside = false;   // the pod: what leaves the link comes from the pod
    std::uint32_t index = 0;  // of the endpoint
};

// What is there of our filters at both hooks.
enum class Hooked : std::uint8_t {
    Yes,      // these programs
    Older,    // other instructions on the same maps
    Foreign,  // ours, but on maps of another layout, or that are pinned no more
    No,       // one is missing, or is for another endpoint
    Late,     // these, but another's filter stands before one of them and may decide
};
// `socket` is of the link's namespace. Throws Error.
[[nodiscard]] Hooked look(netlink::Socket& socket, const Place& place, const State& state);
// No packet meets neither what was there nor these. Throws Error.
void put(netlink::Socket& socket, const Place& place, const State& state);
// Takes ours off, whosever maps they work on, and the clsact if nothing else hangs there. Nothing
// if the link is gone. Throws Error.
void take(netlink::Socket& socket, std::uint32_t ifindex);

}  // namespace terway::policy_bpf
