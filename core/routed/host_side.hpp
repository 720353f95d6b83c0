// Kernel work on the host for one endpoint: the pair, its neighbours, routes and rules.
#pragma once

#include <cstdint>
#include <optional>
#include <terway/types.hpp>
#include <vector>

#include "netlink/link.hpp"
#include "netlink/socket.hpp"
#include "routed/pair.hpp"

namespace terway::routed {

// Creates the pair and dresses the host end; replaces a leftover that holds one of the two names.
netlink::Link build_host(const sdk::Call& call, netlink::Socket& socket,
                         const sdk::EndpointView& endpoint, const Pair& pair);
// The way to the pod and, where rules decide, the way out. Replaces rules that lead to another ENI.
void open_way(netlink::Socket& socket, const Pair& pair, std::uint32_t host_ifindex);
// Routes and rules; those of endpoints half gone, too. `host_ifindex` is 0 when the link is gone.
void close_way(netlink::Socket& socket, const Pair& pair, std::uint32_t host_ifindex);

// The host end, if it is this endpoint's and in service.
[[nodiscard]] std::optional<netlink::Link> find_host(netlink::Socket& socket, const Pair& pair);
// The host end as detach may take it: this endpoint's, or nobody's because half made.
[[nodiscard]] std::optional<netlink::Link> find_leftover(netlink::Socket& socket, const Pair& pair);
// The addresses of an endpoint nobody remembers: those the kernel still leads to its link.
[[nodiscard]] std::vector<Prefix> known_addresses(netlink::Socket& socket,
                                                  std::uint32_t host_ifindex);

// Puts back what is missing; disturbs nothing that is there.
void repair_host(netlink::Socket& socket, const Pair& pair, const netlink::Link& host);
// Throws Error naming the first difference.
void check_host(netlink::Socket& socket, const Pair& pair);

}  // namespace terway::routed
