// Updates as policy modules are told them (terway/abi_policy.h), and read by them.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "policy/update.hpp"
#include "terway/abi.h"

namespace terway::policy {

// A container interface.
struct EndpointKey {
    std::string container_id;
    std::string ifname;

    auto operator<=>(const EndpointKey&) const = default;  // NOLINT(modernize-use-nullptr)
};

// The interfaces of a pod that are to have its rules; none: it is left out.
using KeysOfPod = std::function<std::vector<EndpointKey>(const ObjectName&)>;

// Owns the C structs of one update.
class AbiUpdate {
public:
    // `update` has to outlive it no longer than this constructor. `is_full`: it is all that holds.
    AbiUpdate(const Update& update, bool is_full, const KeysOfPod& keys);
    AbiUpdate(const AbiUpdate&) = delete;
    AbiUpdate& operator=(const AbiUpdate&) = delete;

    [[nodiscard]] const twy_policy_update& raw() const noexcept { return raw_; }

private:
    void add(const SetChange& change);
    void add(const EndpointRules& rules, const KeysOfPod& keys);
    [[nodiscard]] const twy_rule_set* lower(const RuleSet& rules);
    [[nodiscard]] const twy_tier* lower(const Tier& tier);
    [[nodiscard]] const twy_port_class* lower(const PortClass& of);
    [[nodiscard]] const twy_match* const* lower(const std::vector<Match>& matches);
    [[nodiscard]] const std::vector<twy_id>& lower(const std::vector<SetId>& ids);
    [[nodiscard]] twy_str keep(std::string text);

    // Deques, so that pointers into them stay good while they grow.
    std::deque<std::string> texts_;
    std::deque<std::vector<twy_member>> members_;
    std::deque<twy_set_change> sets_;
    std::deque<std::vector<twy_id>> ids_;
    std::deque<twy_match> matches_;
    std::deque<std::vector<const twy_match*>> match_lists_;
    std::deque<twy_port_class> classes_;
    std::deque<std::vector<const twy_port_class*>> class_lists_;
    std::deque<twy_tier> tiers_;
    std::deque<std::vector<const twy_tier*>> tier_lists_;
    std::deque<twy_rule_set> rule_sets_;
    std::vector<std::pair<RuleSetId, const twy_rule_set*>> known_;
    std::deque<std::vector<twy_str>> policies_;
    std::deque<twy_endpoint_rules> endpoints_;
    std::vector<const twy_set_change*> set_list_;
    std::vector<const twy_endpoint_rules*> endpoint_list_;
    std::vector<twy_endpoint_key> gone_endpoints_;
    std::vector<twy_id> gone_sets_;
    twy_policy_update raw_{};
};

// The same way back. They throw Error(Invalid) for what no daemon would say.
[[nodiscard]] SetId set_id_from(const twy_id& raw);
[[nodiscard]] EndpointKey key_from(const twy_endpoint_key& raw);
[[nodiscard]] SetChange set_change_from(const twy_set_change& raw);
[[nodiscard]] RuleSet rule_set_from(const twy_rule_set& raw);

}  // namespace terway::policy
