// Rules of one direction as elements of maps. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "bpf/layout.h"
#include "policy/ranges.hpp"
#include "policy/rule_set.hpp"

namespace terway::policy_bpf {

struct KnownSet {
    std::uint32_t id = 0;  // in the maps
    policy::SetKind kind = policy::SetKind::Pods;
    policy::Protocol protocol = policy::Protocol::Tcp;  // of Named
};

struct Compiled {
    policy_rules rules{};
    std::vector<std::vector<policy_question>> lists;
    struct Port {
        policy_port key{};  // without the rules' id
        std::size_t list = 0;
    };
    std::vector<Port> ports;
};

// Throws Error(Unsupported) for more tiers or questions than programs look at; what `find` throws
// for sets it does not know.
[[nodiscard]] Compiled compile(const policy::RuleSet& rules,
                               const std::function<KnownSet(const policy::SetId&)>& find);

// The address as programs know it.
[[nodiscard]] policy_address address_of(const IpAddress& address);
[[nodiscard]] IpAddress ip_of(const policy_address& address);
// Prefixes that cover the range, and no address of the other family. Of that set.
[[nodiscard]] std::vector<policy_block> blocks_of(std::uint32_t set,
                                                  const policy::AddressRange& range);
[[nodiscard]] policy_member member_of(std::uint32_t set, const IpAddress& address,
                                      std::uint16_t port);

}  // namespace terway::policy_bpf
