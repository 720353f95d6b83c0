// What our objects in nftables are called. Pure.
//
// Names of groups and their sets are made of content, and of the form in which this version writes
// it: what another run or another version left is known by its name.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/address.hpp"
#include "policy/rule_set.hpp"

namespace terway::felix {

inline constexpr const char* kTable = "terway-policy";

using policy::Direction;
inline constexpr std::array kDirections{Direction::Egress, Direction::Ingress};

// An empty chain that says in what form the base chains are.
inline constexpr const char* kForm = "form_2";
// Maps from a link to the chain of its endpoint, or to accept.
inline constexpr const char* kPodsOut = "pods_out";
inline constexpr const char* kPodsIn = "pods_in";
inline constexpr const char* kPodsToNode = "pods_to_node";

// "po_cali1", "pi_cali1".
[[nodiscard]] std::string endpoint_chain(Direction direction, std::string_view link);
// The link of such a chain; empty if it is none.
[[nodiscard]] std::string link_of_chain(std::string_view chain);

// Packets that open a connection, those of them that were dropped, and others that were.
enum class Counter { Asked, Refused, Late };
[[nodiscard]] std::string counter_name(Counter counter, Direction direction, std::string_view link);

// "ge3_<id>"; chains, maps and class chains of a group begin with it.
[[nodiscard]] std::string group_name(Direction direction, const policy::RuleSetId& id);
// Whether it is such a name, of this direction and this form.
[[nodiscard]] bool is_group(Direction direction, std::string_view name);
// "s4_<id>".
[[nodiscard]] std::string set_name(Family family, const policy::SetId& id);
// What the rules log, to whoever listens to the group: "terway deny in cali1", "terway allow out".
// That a connection is allowed the group's chains say, which know no link.
inline constexpr std::uint16_t kLogGroup = 5450;
struct LogPrefix {
    bool allowed = false;
    Direction direction = Direction::Egress;
    std::string link;  // empty: the packet says it

    [[nodiscard]] std::string text() const;
    bool operator==(const LogPrefix&) const = default;
};
[[nodiscard]] std::optional<LogPrefix> read_prefix(std::string_view text);

// Where groups lead what they allow: "allowed_o".
[[nodiscard]] std::string allowed_chain(Direction direction);
// Whether it is of a group, or a set of addresses: what goes when nobody needs it.
[[nodiscard]] bool is_shared(std::string_view name);

}  // namespace terway::felix
