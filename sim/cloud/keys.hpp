// Who may call: access keys, roles and their sessions. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "sim/cloud/settings.hpp"

namespace terway::sim {

struct AccessKey {
    std::string id;
    std::string secret;
    std::string security_token;  // of a session; empty for a user's key
    std::optional<WallTime> expires;
    bool enabled = true;
};

// One thread at a time.
class Keys {
public:
    void add(const AccessKey& key) { keys_.insert_or_assign(key.id, key); }
    void add_role(const std::string& name, const std::string& instance_pattern);
    [[nodiscard]] const AccessKey* find(const std::string& id) const;
    [[nodiscard]] bool has_role(const std::string& name) const { return roles_.contains(name); }
    // The role of an instance; empty if it has none.
    [[nodiscard]] std::string role_of(const std::string& instance) const;
    // A fresh session.
    AccessKey assume(const std::string& role, std::chrono::seconds life, WallTime now, Dice& dice);
    // The current session of the role at an instance; renewed half an hour (or half its life, if
    // that is less) before it ends.
    AccessKey instance_session(const std::string& role, const std::string& instance,
                               std::chrono::seconds life, WallTime now, Dice& dice);
    // Ends every session now: clients learn of it at the next call.
    void expire_sessions(WallTime now);

private:
    std::map<std::string, AccessKey> keys_;
    std::map<std::string, std::string> roles_;     // name -> pattern of instances
    std::map<std::string, std::string> sessions_;  // role at instance -> key id
};

}  // namespace terway::sim
