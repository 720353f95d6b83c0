// Kernel work inside the sandbox.
#pragma once

#include <cstdint>

#include "netlink/socket.hpp"
#include "plan.hpp"

namespace terway::eni_exclusive {

// Everything but the links going up, and where they are. The ENI is in the sandbox already, and
// `peer_ifindex` too unless the plan has none.
[[nodiscard]] Memory build_pod(const Plan& plan, int netns_fd, std::uint32_t peer_ifindex);
// Up, and the routes, which need that.
void bring_up_pod(netlink::Socket& pod, const Plan& plan, const Memory& links);
// Puts back what is missing; disturbs nothing that is there. Throws Error(Gone) if the ENI is not
// in the sandbox.
[[nodiscard]] Memory repair_pod(const Plan& plan, int netns_fd);
// Throws Error naming the first thing that is missing.
void check_pod(const Plan& plan, int netns_fd);

}  // namespace terway::eni_exclusive
