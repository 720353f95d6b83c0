// A Service with one backend, as kube-proxy writes it on a node, while this object lives.
#pragma once

#include <cstdint>
#include <string>

#include "base/address.hpp"
#include "base/netns.hpp"
#include "policy/rule_set.hpp"

namespace terway::test {

class ServiceRule {
public:
    // `target` is a number. Throws Error. `node` is lent.
    ServiceRule(const Netns& node, policy::Protocol protocol, std::uint16_t port,
                const IpAddress& backend, const std::string& target);
    ~ServiceRule();
    ServiceRule(const ServiceRule&) = delete;
    ServiceRule& operator=(const ServiceRule&) = delete;

    // What the Service is called by.
    [[nodiscard]] static IpAddress address();

private:
    const Netns& node_;
};

}  // namespace terway::test
