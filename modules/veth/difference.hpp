// Comparing the kernel with a plan: the first difference becomes an Error.
#pragma once

#include <string>
#include <vector>

#include "netlink/route.hpp"
#include "netlink/rule.hpp"

namespace terway::veth {

[[noreturn]] void differs(const std::string& what);
void check_routes(netlink::Socket& socket, const std::vector<netlink::Route>& wanted);
void check_neighbours(netlink::Socket& socket, const std::vector<netlink::Neighbour>& wanted);
// Each rule is there and comes first of those for its address and priority.
void check_rules(netlink::Socket& socket, const std::vector<netlink::Rule>& wanted);

}  // namespace terway::veth
