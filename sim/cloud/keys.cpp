#include "sim/cloud/keys.hpp"

#include <algorithm>

namespace terway::sim {

void Keys::add_role(const std::string& name, const std::string& instance_pattern) {
    roles_.insert_or_assign(name, instance_pattern);
}

const AccessKey* Keys::find(const std::string& id) const {
    const auto found = keys_.find(id);
    return found == keys_.end() ? nullptr : &found->second;
}

std::string Keys::role_of(const std::string& instance) const {
    for (const auto& [name, pattern] : roles_) {
        if (glob_matches(pattern, instance)) {
            return name;
        }
    }
    return "";
}

AccessKey Keys::assume(const std::string& role, std::chrono::seconds life, WallTime now,
                       Dice& dice) {
    const AccessKey made{"STS." + dice.uuid(), dice.uuid(),
                         "CAIS" + role + "+/" + dice.uuid() + "==", now + life, true};
    std::erase_if(keys_, [&](const auto& entry) {
        return entry.second.expires && *entry.second.expires + std::chrono::hours(24) < now;
    });
    add(made);
    return made;
}

AccessKey Keys::instance_session(const std::string& role, const std::string& instance,
                                 std::chrono::seconds life, WallTime now, Dice& dice) {
    constexpr std::chrono::seconds kEarly = std::chrono::minutes(30);
    std::string& current = sessions_[role + " at " + instance];
    const AccessKey* key = find(current);
    if (key == nullptr || now + std::min(kEarly, life / 2) >= *key->expires) {
        const AccessKey fresh = assume(role, life, now, dice);
        current = fresh.id;
        return fresh;
    }
    return *key;
}

void Keys::expire_sessions(WallTime now) {
    for (auto& [id, key] : keys_) {
        if (key.expires && *key.expires > now) {
            key.expires = now;
        }
    }
    sessions_.clear();
}

}  // namespace terway::sim
