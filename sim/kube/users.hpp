// Who may ask: bearer tokens and the subjects of client certificates. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "sim/kube/call.hpp"

namespace terway::sim::kube {

// One thread at a time.
class Users {
public:
    struct Token {
        Asker asker;
        std::optional<WallTime> expires;
    };
    // "system:serviceaccount:NS:NAME" brings the groups of service accounts along.
    void add(const std::string& token, const std::string& user,
             std::vector<std::string> groups = {}, std::optional<WallTime> expires = {});
    // Answers whether there was one.
    bool remove(const std::string& token) { return tokens_.erase(token) != 0; }
    bool expire(const std::string& token, WallTime now);
    [[nodiscard]] const std::map<std::string, Token>& list() const noexcept { return tokens_; }

    // By the header Authorization, or else by `subject`: "O=group,CN=user" of a client certificate.
    // Nothing if neither is good.
    [[nodiscard]] std::optional<Asker> who(const std::string& authorization,
                                           const std::string& subject, WallTime now) const;

private:
    std::map<std::string, Token> tokens_;
};

}  // namespace terway::sim::kube
