// What the resolver says and a data plane carries out: rules of ports and sets of addresses,
// without names and labels. Values; pure.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "kube/protocol.hpp"
#include "policy/ranges.hpp"

namespace terway::policy {

using kube::Protocol;

enum class Direction : std::uint8_t { Ingress, Egress };

using kube::number_of;
using kube::protocol_by_number;
// "TCP", "ICMPv6", "protocol 47".
[[nodiscard]] std::string protocol_text(std::uint8_t number);

// "TCP", "ingress".
using kube::name_of;
[[nodiscard]] std::string_view name_of(Direction direction);

// A name made of content: 128 bits of SHA-256. The same in every run and on every node.
template <class Of>
struct ContentId {
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    auto operator<=>(const ContentId&) const = default;  // NOLINT(modernize-use-nullptr)
};
using SetId = ContentId<struct OfSet>;
using RuleSetId = ContentId<struct OfRuleSet>;

// 32 lower-case hex digits.
[[nodiscard]] std::string text_of(std::uint64_t high, std::uint64_t low);
template <class Of>
[[nodiscard]] std::string text_of(const ContentId<Of>& id) {
    return text_of(id.high, id.low);
}
// `content` must say what is named completely.
template <class Id>
[[nodiscard]] Id id_of(std::string_view content);
template <>
[[nodiscard]] SetId id_of<SetId>(std::string_view content);
template <>
[[nodiscard]] RuleSetId id_of<RuleSetId>(std::string_view content);

enum class SetKind : std::uint8_t {
    Pods,    // addresses of pods; changes often. Named after the selectors
    Blocks,  // ranges that somebody wrote down; never changes. Named after the ranges
    Named,   // address and port of pods that call a port so; changes often. Named as Pods are
};

// A destination that has a named port; the set says the protocol.
struct AddressPort {
    IpAddress address;
    std::uint16_t port = 0;

    auto operator<=>(const AddressPort&) const = default;  // NOLINT(modernize-use-nullptr)
};

// Sorted. One of them is in use, as the kind says.
struct Members {
    std::vector<IpAddress> addresses;
    std::vector<AddressRange> ranges;
    std::vector<AddressPort> ports;

    [[nodiscard]] bool empty() const noexcept {
        return addresses.empty() && ranges.empty() && ports.empty();
    }
    bool operator==(const Members&) const = default;
};

struct AddressSet {
    SetId id;
    SetKind kind = SetKind::Pods;
    Protocol protocol = Protocol::Tcp;  // of Named
    Members members;

    bool operator==(const AddressSet&) const = default;
};

// Whom a connection is with: anybody, or what any of the sets has. The sets are of Pods and Blocks,
// sorted, and few however many policies there are.
struct Peers {
    bool any = false;
    std::vector<SetId> sets;

    bool operator==(const Peers&) const = default;
};

enum class Action : std::uint8_t {
    Allow,
    Deny,
    Pass,  // the next tier decides; after the last one the connection is allowed
};

struct Match {
    Action action = Action::Allow;
    Peers peers;

    bool operator==(const Match&) const = default;
};

// The numbers from `first` to `last`.
struct PortClass {
    Protocol protocol = Protocol::Tcp;
    std::uint16_t first = 0;
    std::uint16_t last = 65535;
    std::vector<Match> matches;  // the first that has the peer decides

    bool operator==(const PortClass&) const = default;
};

// One round of questions. The classes are sorted and disjoint: at most one has a given port.
struct Tier {
    std::vector<PortClass> classes;
    std::vector<Match> other;  // of all protocols that have no class here, such as ICMP
    std::vector<SetId> named;  // of Named: what is in one of them is allowed
    Action otherwise = Action::Deny;

    bool operator==(const Tier&) const = default;
};

// For one direction. NetworkPolicies make one tier if any selects the pod, none if none does.
// ClusterNetworkPolicies of the Admin tier make one before it, and those of the Baseline tier one
// in its place; what nobody denies is allowed. The same rules have the same id.
struct RuleSet {
    RuleSetId id;
    std::vector<Tier> tiers;

    bool operator==(const RuleSet&) const = default;
};

// Everything it says but the id, in one line per class.
// The same for the same matches only.
[[nodiscard]] std::string text_of(const std::vector<Match>& matches);
[[nodiscard]] std::string text_of(const RuleSet& rules);

}  // namespace terway::policy
