// Connections that are open and that the rules forbid now.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "base/address.hpp"
#include "netlink/conntrack.hpp"
#include "policy/picture.hpp"
#include "table.hpp"

namespace terway::felix {

// By address of the pod.
using Judges = std::map<IpAddress, End>;

// Whether a rule of the endpoint names one of the sets. Pure.
[[nodiscard]] bool names_any(const End& end, const std::set<policy::SetId>& sets);

// `node` are addresses of the node itself: what it opens is never forbidden, and what pods open to
// it only if `asks_for_node`. Pure.
[[nodiscard]] bool is_forbidden(const netlink::Tracked& connection, const Judges& judges,
                                const policy::Picture& picture, const std::set<IpAddress>& node,
                                bool asks_for_node);

// The connections that one of the pods opened or answers. `socket` is a NETLINK_NETFILTER one.
// Throws Error.
[[nodiscard]] std::vector<netlink::TrackedConnection> connections_of(
    netlink::Socket& socket, const std::set<IpAddress>& pods);

// Makes the kernel forget those of `connections` that are forbidden; answers which. Throws Error.
std::vector<netlink::Tracked> cut(netlink::Socket& socket,
                                  const std::vector<netlink::TrackedConnection>& connections,
                                  const Judges& judges, const policy::Picture& picture,
                                  const std::set<IpAddress>& node, bool asks_for_node);

// An answer that was on its way when its connection was cut has opened another one, from the server
// to the client, which rules may allow and which carries on what was forbidden. Makes the kernel
// forget those; answers how many. Nothing is listed, so that it can be done every few milliseconds,
// for what is forgotten may be answered again. TCP is left out: there only a SYN opens a connection
// (endpoint_plan). Throws Error.
std::size_t cut_answers(netlink::Socket& socket, const std::vector<netlink::Tracked>& was_cut);

}  // namespace terway::felix
