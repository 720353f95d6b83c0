// What the dataplane "veth" makes for one IPv4 pod, made by hand: raw netlink, no library, no
// state, no address management. It is the least anybody could do, and so the floor that an ADD is
// measured against.
//
// The code uses neither exceptions nor the heap nor libstdc++, because the floor program is to be
// as small as a program can be. Threads: a Lane belongs to one thread.
#pragma once

#include <cstdint>

namespace terway::bench {

inline constexpr std::uint32_t kFloorGroup = 0x54575230;  // the group that veth's ruleset filters

// The link of pod number n is named "floor<n>", has index kFloorIndex + n, and its pod has the
// address 10.90.0.0 + n.
inline constexpr std::uint32_t kFloorIndex = 100'000;
inline constexpr std::uint32_t kFloorNetwork = 0x0a5a0000;
inline constexpr std::uint32_t kFloorMax = 65'000;

// The first step that failed; `error` is 0 for success.
struct Outcome {
    const char* step = "";
    int error = 0;
};

// Sockets in the node's network namespace, and a way home. Closed by close_lane.
struct Lane {
    int route = -1;
    int nft = -1;
    int home = -1;
};
// In the calling thread's network namespace.
Outcome open_lane(Lane& lane);
void close_lane(Lane& lane);

// The pair, born in place; addresses, neighbours, routes, sysctl; both ends up; two elements in the
// sets of table "terway-veth", which must be there. The pod's namespace must be fresh.
Outcome make_pod(const Lane& lane, std::uint32_t number, int pod_netns);
// Only the elements: the link is deleted with its group or its namespace.
Outcome forget_pod(const Lane& lane, std::uint32_t number);
// All links of kFloorGroup with one request.
Outcome delete_links(const Lane& lane);

}  // namespace terway::bench
