// Why a new connection is allowed or not: from the policies themselves, selector by selector, so
// that it can tell whether the compiled rules say the same. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/index.hpp"
#include "policy/picture.hpp"

namespace terway::policy {

struct Question {
    std::string from;  // "namespace/pod" or an address
    std::string to;
    Protocol protocol = Protocol::Tcp;
    std::uint16_t port = 0;
};

// "80/tcp". Throws Error(Invalid).
struct PortOf {
    std::uint16_t port = 0;
    Protocol protocol = Protocol::Tcp;
};
[[nodiscard]] PortOf parse_port(std::string_view text);

// In the order in which they are asked.
enum class TierKind : std::uint8_t { Admin, NetworkPolicy, Baseline };
// "Admin".
[[nodiscard]] std::string_view name_of(TierKind tier);

// What one end says.
struct EndAnswer {
    Direction direction = Direction::Ingress;
    bool is_asked = false;  // it is a pod that policies are about
    bool allowed = true;
    std::vector<ObjectName> isolating;  // the NetworkPolicies that select the pod for that
                                        // direction, if they were asked
    std::optional<TierKind> tier;       // that decides; nullopt: none does, so it is allowed
    std::optional<ObjectName> policy;   // that decides; not where isolation alone denies
    std::size_t rule = 0;               // of that policy's, from 0
    std::string reason;                 // in words
    // What the compiled rules say; nothing for pods of other nodes, and before they are told.
    std::optional<bool> compiled;

    [[nodiscard]] bool is_defect() const noexcept { return compiled && *compiled != allowed; }
};

struct Explanation {
    IpAddress from;
    IpAddress to;
    std::optional<ObjectName> from_pod;
    std::optional<ObjectName> to_pod;
    bool allowed = true;
    EndAnswer egress;   // of the source
    EndAnswer ingress;  // of the destination
};

// Throws Error(Invalid) for a pod nobody knows, or that has no address of the other's family.
[[nodiscard]] Explanation explain(const Index& index, const Question& question);

}  // namespace terway::policy
