// Kernel work inside the sandbox, the same in every mode.
#pragma once

#include <cstdint>

#include "netlink/socket.hpp"
#include "plan.hpp"

namespace terway::veth {

// Everything but the link going up. The socket stays in the sandbox.
netlink::Socket build_pod(const Plan& plan, int netns_fd, std::uint32_t pod_ifindex);
void bring_up_pod(netlink::Socket& pod_socket, const Plan& plan, std::uint32_t pod_ifindex);
// Nothing if the path of the sandbox leads to another's namespace by now.
void repair_pod(const Plan& plan, int netns_fd, std::uint32_t pod_ifindex);
// Throws Error naming the first thing that is missing.
void check_pod(const Plan& plan, int netns_fd);

}  // namespace terway::veth
