// What an nftables table, family inet, has.
// Library terway_nft.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "netlink/nft_rule.hpp"
#include "netlink/socket.hpp"

namespace terway::netlink::nft {

// All sockets are NETLINK_NETFILTER ones and answer for their namespace. Nothing of a table that
// is not there.

// Grows with every change that anybody makes.
[[nodiscard]] std::uint32_t generation(Socket& socket);
[[nodiscard]] bool has_table(Socket& socket, const std::string& table);
// And how many rules and references each has.
[[nodiscard]] std::map<std::string, std::uint32_t> chains(Socket& socket, const std::string& table);
[[nodiscard]] std::set<std::string> sets(Socket& socket, const std::string& table);
// The keys of a set or map of links' names.
[[nodiscard]] std::set<std::string> link_names(Socket& socket, const std::string& table,
                                               const std::string& set);
// Of a set or map, without verdicts.
[[nodiscard]] std::vector<Element> elements(Socket& socket, const std::string& table,
                                            const std::string& set);
// Packets that a named counter has seen.
[[nodiscard]] std::optional<std::uint64_t> counter(Socket& socket, const std::string& table,
                                                   const std::string& name);

struct RuleFacts {
    std::string target;  // where it jumps or goes at its end; empty if nowhere
    std::string comment;
};
// Of every rule of a chain, in their order.
[[nodiscard]] std::vector<RuleFacts> rules(Socket& socket, const std::string& table,
                                           const std::string& chain);
// Of every chain that has some.
[[nodiscard]] std::map<std::string, std::vector<RuleFacts>> rules(Socket& socket,
                                                                  const std::string& table);

}  // namespace terway::netlink::nft
