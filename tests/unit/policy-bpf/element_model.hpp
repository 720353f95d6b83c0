// Elements of maps, and what bpf/rules.h makes of them, in plain C++.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "compile.hpp"
#include "policy/rule_set.hpp"

namespace terway::policy_bpf {

class ElementModel {
public:
    // The sets that rules may name, under identifiers of its own.
    explicit ElementModel(const std::vector<policy::AddressSet>& sets);

    [[nodiscard]] KnownSet find(const policy::SetId& id) const { return known_.at(id); }
    [[nodiscard]] Compiled compile(const policy::RuleSet& rules) const;

    // `protocol` is IANA's number; `port` counts for TCP, UDP and SCTP.
    [[nodiscard]] bool allows(const Compiled& rules, std::uint8_t protocol, std::uint16_t port,
                              const IpAddress& peer) const;

private:
    struct Member {
        std::uint32_t set = 0;
        std::uint16_t port = 0;
        IpAddress address;

        auto operator<=>(const Member&) const = default;  // NOLINT(modernize-use-nullptr)
    };

    [[nodiscard]] bool is_in(const policy_question& question, std::uint16_t port,
                             const IpAddress& peer) const;
    [[nodiscard]] int answer(const Compiled& rules, std::uint8_t tier, std::uint8_t protocol,
                             std::uint16_t port, const IpAddress& peer) const;

    std::map<policy::SetId, KnownSet> known_;
    std::set<Member> members_;
    std::vector<policy_block> blocks_;
};

}  // namespace terway::policy_bpf
