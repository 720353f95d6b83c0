// What pods of a former mode need of the node until they go. Read from the kernel, because the
// profile that let them in is gone.
#pragma once

#include <string>

#include "netlink/socket.hpp"

namespace terway::veth {

// The masquerade a vpc-route mode made, as text for load_ruleset; empty if there is none, or no pod
// that it could be for: one with a route of ours and no rule that leads to an ENI. Throws Error.
[[nodiscard]] std::string former_masquerade(netlink::Socket& socket);
// The same from what nft(8) says of the chain. Pure.
[[nodiscard]] std::string masquerade_of_listing(const std::string& listing);

// True if some pod has rules, and so each must have one that leads to it.
[[nodiscard]] bool former_rules(netlink::Socket& socket);

// True if connections are marked for symmetric routing and there is a pod on an ENI.
[[nodiscard]] bool former_marking(netlink::Socket& socket);

}  // namespace terway::veth
