// Kernel work on the ENI itself: lent to a pod, brought home, kept clean while nobody has it.
#pragma once

#include <optional>

#include "netlink/link.hpp"
#include "netlink/socket.hpp"
#include "plan.hpp"

namespace terway::eni_exclusive {

// The ENI in the socket's namespace: by its MAC, or by its mark where the MAC is not known. Not one
// that is marked as lent to another endpoint.
[[nodiscard]] std::optional<netlink::Link> find_lent(netlink::Socket& socket, const Plan& plan);

// Marks the ENI and moves it into the sandbox under its final name, down. Throws Error: Retry if it
// is not on the node, Invalid if the sandbox has a link of that name or the ENI is the uplink.
void lend(const sdk::Call& call, netlink::Socket& host, const Plan& plan, int netns_fd);

// Brings the ENI home from the sandbox and leaves it as settle does. False if it is not there.
bool bring_home(netlink::Socket& host, int netns_fd, const Plan& plan);

// An ENI that is on the node and marked: down, no addresses, no mark, its own name again or, if
// that is taken, spare_name. Nothing else, if it has no mark.
void settle(netlink::Socket& host, const netlink::Link& link, std::uint32_t mtu);

// What the verbs of an ENI do. The link is in the host's namespace.
void clean(netlink::Socket& host, const netlink::Link& link, std::uint32_t mtu);
// Throws Error naming what is not clean.
void check_clean(netlink::Socket& host, const netlink::Link& link, std::uint32_t mtu);

}  // namespace terway::eni_exclusive
