// Kernel work inside the sandbox: the slave, its addresses, neighbours and routes.
#pragma once

#include <optional>

#include "base/time.hpp"
#include "netlink/link.hpp"
#include "netlink/socket.hpp"
#include "plan.hpp"

namespace terway::ipvlan {

// Everything but the link going up. `host` is a socket in the ENI's namespace. Replaces a leftover
// of the same endpoint; throws Error(Invalid) if another link has the name, Error(Retry) if another
// sandbox still holds one of the addresses.
netlink::Link build_pod(netlink::Socket& host, const Plan& plan, int netns_fd);
// Up and with routes; waits until it is usable.
void bring_up_pod(const Plan& plan, int netns_fd, std::uint32_t pod_ifindex, Deadline deadline);
// This endpoint's slave.
[[nodiscard]] std::optional<netlink::Link> find_pod(const Plan& plan, int netns_fd);
// Puts back what is missing; answers the slave, nothing if it is not there.
std::optional<netlink::Link> repair_pod(const Plan& plan, int netns_fd);
// Also one half made. Nothing happens if it is not there.
void remove_pod(const Plan& plan, int netns_fd);
// Throws Error naming the first thing that is missing.
void check_pod(const Plan& plan, int netns_fd);

}  // namespace terway::ipvlan
