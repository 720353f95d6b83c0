// The rank of a pod on its ENI, put in force, compared, taken back. Pods of one ENI come and go at
// the same time: a pod's verbs touch its own filters only, and the bands and the clsact stay.
#pragma once

#include "netlink/socket.hpp"
#include "terway/types.hpp"

namespace terway::bandwidth_tc {

// `socket` is the host's. Idempotent. Nothing to do for a pod without an ENI, and for one that
// has a whole ENI in its sandbox.
void ensure_rank(netlink::Socket& socket, const sdk::EndpointView& endpoint);
// Throws Error naming the first thing that is missing or differs.
void check_rank(netlink::Socket& socket, const sdk::EndpointView& endpoint);
// From the key alone if need be.
void clear_rank(netlink::Socket& socket, const sdk::EndpointView& endpoint);
// All that is ours, of all links; a clsact with nobody else's filter, too.
void clear_ranks(netlink::Socket& socket);

}  // namespace terway::bandwidth_tc
