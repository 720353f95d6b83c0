// What the tests of the policy service share.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "../policy/policy_testing.hpp"
#include "daemon/policy_inbox.hpp"
#include "terway/types.hpp"

namespace terway::daemon {

template <class Object>
std::shared_ptr<const Object> shared(Object object) {
    return std::make_shared<const Object>(std::move(object));
}

// "web/eth0" of a container "web".
inline endpoint::EndpointKey key(const std::string& container) {
    return {container, "eth0"};
}

// What a module that was told so would have: by container, "open", "closed" (everything is denied)
// or the policies in force.
class TestModule {
public:
    void attach(const std::string& container) { rules_.try_emplace(container, "closed"); }
    void keep(const std::string& container) { rules_.insert_or_assign(container, "of before"); }
    void detach(const std::string& container) { rules_.erase(container); }

    void apply(const twy_policy_update& update) {
        ++applied;
        fulls += update.is_full != 0 ? 1 : 0;
        revision = update.revision;
        if (update.is_full != 0) {
            for (auto& [_, rules] : rules_) {
                rules = "closed";
            }
            sets_.clear();
        }
        for (std::size_t i = 0; i < update.set_count; ++i) {
            sets_[update.sets[i]->id.high] += static_cast<long>(update.sets[i]->added_count) -
                                              static_cast<long>(update.sets[i]->removed_count);
        }
        for (std::size_t i = 0; i < update.endpoint_count; ++i) {
            const auto& each = *update.endpoints[i];
            put(each.key, text_of(each));
        }
        for (std::size_t i = 0; i < update.gone_endpoint_count; ++i) {
            put(update.gone_endpoints[i], "closed");
        }
        for (std::size_t i = 0; i < update.gone_set_count; ++i) {
            sets_.erase(update.gone_sets[i].high);
        }
    }

    [[nodiscard]] std::string rules(const std::string& container) const {
        const auto found = rules_.find(container);
        return found == rules_.end() ? "nothing" : found->second;
    }
    // Of all sets.
    [[nodiscard]] long members() const {
        long count = 0;
        for (const auto& [_, each] : sets_) {
            count += each;
        }
        return count;
    }

    unsigned applied = 0;
    unsigned fulls = 0;
    std::uint64_t revision = 0;

private:
    static std::string text_of(const twy_endpoint_rules& rules) {
        if (rules.ingress->tier_count == 0 && rules.egress->tier_count == 0) {
            return "open";
        }
        std::string text;
        for (std::size_t i = 0; i < rules.policy_count; ++i) {
            text += (i == 0 ? "" : " ") + std::string(sdk::view(rules.policies[i]));
        }
        return text;
    }
    void put(const twy_endpoint_key& key, const std::string& text) {
        const auto found = rules_.find(std::string(sdk::view(key.container_id)));
        if (found != rules_.end()) {  // else it was detached meanwhile
            found->second = text;
        }
    }

    std::map<std::string, std::string> rules_;
    std::map<std::uint64_t, long> sets_;
};

}  // namespace terway::daemon
