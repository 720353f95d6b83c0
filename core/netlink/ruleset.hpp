// Tables, chains and rules of nftables, as a text for nft(8) that a person can read. In the calling
// thread's namespace. Library terway_nftables.
#pragma once

#include <string>

#include "netlink/socket.hpp"

namespace terway::netlink {

// All commands or none. `table` opens the text of the Error, which has nft's own words.
void load_ruleset(const std::string& table, const std::string& commands);
// A command that removes something; nothing happens if it is not there.
void unload_ruleset(const std::string& table, const std::string& command);

// Throws Error if the kernel's table of that name has another number of rules than the text loaded
// for it, in the families inet and arp. `nft` is a NETLINK_NETFILTER socket.
void verify_ruleset(Socket& nft, const std::string& table, const std::string& commands);
// How many rules of a family ("inet", "arp") a text adds. Pure.
[[nodiscard]] std::size_t rules_in_text(const std::string& commands, const std::string& family);

}  // namespace terway::netlink
