// The parameters of a call, read by type. Pure; complains by throwing Refusal.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "sim/cloud/call.hpp"

namespace terway::sim {

// "ecs", "vpc" or "sts" has an action of that name: its parameters are complete and none is
// unknown. Refuses with InvalidAction.NotFound, MissingParameter, UnsupportedParameter.
void check_parameters(const ApiCall& call);
[[nodiscard]] std::vector<std::string> actions_of(const std::string& product);

class Request {
public:
    explicit Request(const ApiCall& call) : call_(call) {}

    [[nodiscard]] const ApiCall& call() const noexcept { return call_; }
    // Empty if absent.
    [[nodiscard]] std::string text(const std::string& name) const;
    [[nodiscard]] std::optional<std::string> optional_text(const std::string& name) const;
    // Refuses a number outside.
    [[nodiscard]] std::size_t count(const std::string& name, std::size_t least, std::size_t most,
                                    std::size_t fallback) const;
    [[nodiscard]] std::optional<bool> boolean(const std::string& name) const;
    // Name.1, Name.2, ...
    [[nodiscard]] std::vector<std::string> list(const std::string& name) const;
    [[nodiscard]] std::vector<IpAddress> addresses(const std::string& name) const;
    [[nodiscard]] std::vector<Prefix> prefixes(const std::string& name) const;
    // Tag.N.Key, Tag.N.Value
    [[nodiscard]] std::map<std::string, std::string> tags() const;

private:
    const ApiCall& call_;
};

}  // namespace terway::sim
