// Kernel work on an ENI: made ready for slaves, with one of the host's own, and steering at its
// egress; compared; taken back.
//
// The node's addresses are on the ENI itself, never on the host's slave: what answers them would
// not reach the ENI then, and pods of other dataplanes on it need that. The uplink keeps what it
// has.
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
void forget_eni(netlink::Socket& socket, const EniPlan& plan, bool uplink);

// The host's slave of the ENI with that index.
[[nodiscard]] std::optional<netlink::Link> find_host_slave(netlink::Socket& socket,
                                                           std::uint32_t eni_ifindex);

}  // namespace terway::ipvlan
