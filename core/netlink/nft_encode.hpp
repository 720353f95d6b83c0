// A rule as the kernel's expressions. Private to terway_nft.
#pragma once

#include <libmnl/libmnl.h>

#include "netlink/nft_rule.hpp"

namespace terway::netlink::nft {

// Puts NFTA_RULE_EXPRESSIONS.
void put_expressions(nlmsghdr* message, const Rule& rule);
void put_verdict(nlmsghdr* message, int attribute, const Verdict& verdict);

}  // namespace terway::netlink::nft
