// Comparing the kernel with a plan: the first difference becomes an Error.
#pragma once

#include <string>
#include <vector>

#include "netlink/route.hpp"
#include "netlink/rule.hpp"

namespace terway::netlink {

[[noreturn]] void differs(const std::string& what);
void check_routes(Socket& socket, const std::vector<Route>& wanted);
void check_neighbours(Socket& socket, const std::vector<Neighbour>& wanted);
// Each rule is there and comes first of those for its address and priority.
void check_rules(Socket& socket, const std::vector<Rule>& wanted);

}  // namespace terway::netlink
