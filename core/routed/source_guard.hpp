// The source guard of routed pairs: nftables tables of the module's name, one for IP (inet) and one
// for ARP. The rules are the same for every pod and made once; a pod is one element per address in
// a set of (host link, MAC, address), so a packet costs one lookup however many pods there are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "netlink/socket.hpp"
#include "routed/pair.hpp"

namespace terway::routed {

// Commands for nft(8): what comes in by a link of `group` passes only as an admitted pod speaks;
// nothing comes in by a retired link. "add table inet <table>" must come before. Pure.
[[nodiscard]] std::string source_guard_rules(const std::string& table, std::uint32_t group);

// The elements of one endpoint. `nft` is a NETLINK_NETFILTER socket.
void admit(netlink::Socket& nft, const std::string& table, const Pair& pair);
// Also for elements already gone, and for a missing table.
void expel(netlink::Socket& nft, const std::string& table, const Pair& pair);
// Throws Error naming the first element that is missing.
void verify_admitted(netlink::Socket& nft, const std::string& table, const Pair& pair);
// Removes both tables, if they are there.
void remove_tables(const std::string& table);

// Whoever flushes nftables takes the tables along, and with them who was admitted.
void admit_or_restore(netlink::Socket& nft, const std::string& table, const Pair& pair,
                      const std::string& ruleset);
void restore_if_changed(netlink::Socket& nft, const std::string& table, const std::string& ruleset);

}  // namespace terway::routed
