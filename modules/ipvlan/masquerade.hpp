// What the node's netfilter does for pods: the nftables table "terway-ipvlan".
//
// A pod answers another pod directly, whoever asked through the node. So whatever the node forwards
// from a host slave or to one gets the node's own address: the answer comes back through the node,
// where the connection is known and a Service's address is put back.
#pragma once

#include <cstdint>
#include <string>

#include "netlink/socket.hpp"
#include "options.hpp"
#include "plan.hpp"

namespace terway::ipvlan {

// One bit of the packet's mark, from the forwarding to the postrouting hook, for older kernels do
// not tell the latter where a packet came from.
inline constexpr std::uint32_t kForwardedMark = 0x20;

// As text for nft(8); loading it replaces the table in one transaction. Pure.
[[nodiscard]] std::string ruleset(const Options& options, const NodeFacts& node);

void load_table(const std::string& ruleset);
void remove_table();
// Throws Error if the kernel has other rules. `nft` is a NETLINK_NETFILTER socket.
void verify_table(netlink::Socket& nft, const std::string& ruleset);

}  // namespace terway::ipvlan
