#include "sim/kube/users.hpp"

#include <algorithm>
#include <utility>

namespace terway::sim::kube {
namespace {

constexpr const char* kAuthenticated = "system:authenticated";

std::vector<std::string> with_own_groups(const std::string& user, std::vector<std::string> groups) {
    constexpr std::string_view kAccount = "system:serviceaccount:";
    if (user.starts_with(kAccount)) {
        const std::string rest = user.substr(kAccount.size());
        groups.emplace_back("system:serviceaccounts");
        groups.push_back("system:serviceaccounts:" + rest.substr(0, rest.find(':')));
    }
    groups.emplace_back(kAuthenticated);
    return groups;
}

Asker asker_of(const std::string& subject) {
    std::string user;
    std::vector<std::string> groups;
    std::string part;
    for (const char c : subject + ",") {
        if (c != ',') {
            part += c;
            continue;
        }
        if (part.starts_with("CN=")) {
            user = part.substr(3);
        } else if (part.starts_with("O=")) {
            groups.push_back(part.substr(2));
        }
        part.clear();
    }
    return {user, with_own_groups(user, std::move(groups))};
}

}  // namespace

void Users::add(const std::string& token, const std::string& user, std::vector<std::string> groups,
                std::optional<WallTime> expires) {
    tokens_.insert_or_assign(token,
                             Token{{user, with_own_groups(user, std::move(groups))}, expires});
}

bool Users::expire(const std::string& token, WallTime now) {
    const auto found = tokens_.find(token);
    if (found == tokens_.end()) {
        return false;
    }
    found->second.expires = now;
    return true;
}

std::optional<Asker> Users::who(const std::string& authorization, const std::string& subject,
                                WallTime now) const {
    constexpr std::string_view kBearer = "Bearer ";
    if (authorization.starts_with(kBearer)) {
        const auto found = tokens_.find(authorization.substr(kBearer.size()));
        const bool good =
            found != tokens_.end() && (!found->second.expires || now < *found->second.expires);
        return good ? std::optional(found->second.asker) : std::nullopt;
    }
    return subject.empty() ? std::nullopt : std::optional(asker_of(subject));
}

}  // namespace terway::sim::kube
