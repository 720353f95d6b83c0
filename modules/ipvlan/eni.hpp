// Kernel work on an ENI: made ready for slaves, with one of the host's own, and steering at its
// egress; compared; taken back.
//
// The uplink, which carries the node's own traffic and addresses, keeps them: packets to the node
// reach it there, and its slave has none.
#pragma once

#include <optional>

#include "eni_plan.hpp"
#include "netlink/link.hpp"
#include "netlink/socket.hpp"

namespace terway::ipvlan {

// Idempotent; repairs. Throws Error(Gone) if the NIC is not there.
void prepare_eni(netlink::Socket& socket, const EniPlan& plan, bool uplink);
// Throws Error naming the first thing that is missing or too much.
void check_eni(netlink::Socket& socket, const EniPlan& plan, bool uplink);
// Also for a NIC that is gone. The link stays up: it is about to be unplugged.
void forget_eni(netlink::Socket& socket, const EniPlan& plan);

// The host's slave of the ENI with that index.
[[nodiscard]] std::optional<netlink::Link> find_host_slave(netlink::Socket& socket,
                                                           std::uint32_t eni_ifindex);

}  // namespace terway::ipvlan
