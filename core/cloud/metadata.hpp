// What the instance's metadata service says (http://100.100.100.200).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "cloud/api.hpp"

namespace terway::cloud {

// Constant for the life of the instance.
struct InstanceFacts {
    std::string instance;  // "i-bp1..."
    std::string type;      // "ecs.g7.4xlarge"
    std::string region;
    std::string zone;
    std::string vpc;
    std::string vswitch;
    Mac mac;  // of the primary ENI
    IpAddress private_ipv4;

    bool operator==(const InstanceFacts&) const = default;
};

// An attached ENI as the metadata service sees it; it lags behind the API by seconds.
struct NicFacts {
    Mac mac;
    std::string eni;
    std::string vswitch;
    IpAddress primary;
    std::vector<IpAddress> ipv4;  // with the primary one
    std::vector<IpAddress> ipv6;
    std::vector<Prefix> ipv4_prefixes;
    std::vector<Prefix> ipv6_prefixes;
    std::vector<Prefix> subnets;      // the vSwitch's, at most one a family
    std::vector<IpAddress> gateways;  // at most one a family

    bool operator==(const NicFacts&) const = default;
};

// Blocking; any thread. Asks for a token first (hardened mode) and falls back to plain requests
// where the service has no tokens; renews a token at half its life and after a 401. Repeats what
// passes (429, 5xx, no answer) until patience ends, then throws Error(Retry); other refusals are
// Error(Internal) that name the path.
class Metadata {
public:
    virtual ~Metadata() = default;
    [[nodiscard]] virtual InstanceFacts instance(const Patience& patience) = 0;
    [[nodiscard]] virtual std::vector<Mac> macs(const Patience& patience) = 0;
    // Nothing if there is no such NIC (any more).
    [[nodiscard]] virtual std::optional<NicFacts> nic(const Mac& mac, const Patience& patience) = 0;
};

}  // namespace terway::cloud
