// Kernel work on an ENI: made ready for pods' traffic, compared, taken back.
//
// The uplink, which carries the node's own traffic and addresses, is left as it is: it gets its
// table and nothing else.
#pragma once

#include "eni_plan.hpp"
#include "netlink/socket.hpp"

namespace terway::veth {

// Idempotent; repairs. Throws Error(Gone) if the NIC is not there.
void prepare_eni(netlink::Socket& socket, const EniPlan& plan, bool uplink);
// Throws Error naming the first thing that is missing.
void check_eni(netlink::Socket& socket, const EniPlan& plan, bool uplink);
// Also for a NIC that is gone. The link stays up: it is about to be unplugged.
void forget_eni(netlink::Socket& socket, const EniPlan& plan, bool uplink);

}  // namespace terway::veth
