// Policy rules. One family a request: the kernel cuts a listing of all families short when there
// are many.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "netlink/socket.hpp"

namespace terway::netlink {

struct Rule {
    Family family = Family::V4;
    std::uint32_t priority = 0;
    std::optional<Prefix> source;       // empty: any
    std::optional<Prefix> destination;  // empty: any
    std::string iif;                    // empty: any
    std::uint32_t table = 0;
    std::uint32_t mark = 0;
    std::uint32_t mask = 0;  // 0: any mark

    bool operator==(const Rule&) const = default;
};

// False if exactly this rule is there already; the kernel would take a second one otherwise.
bool ensure_rule(Socket& socket, const Rule& rule);
// Removes the first rule that has what `rule` names; table 0 leads anywhere. False if there was
// none.
bool remove_rule(Socket& socket, const Rule& rule);
// Those that lead to a table, by priority.
[[nodiscard]] std::vector<Rule> rules(Socket& socket, Family family);

}  // namespace terway::netlink
