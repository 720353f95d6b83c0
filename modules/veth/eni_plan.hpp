// What an ENI that carries pods' addresses looks like in the kernel, decided without touching it.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "netlink/route.hpp"
#include "plan.hpp"
#include "terway/types.hpp"

namespace terway::veth {

struct EniPlan {
    std::string id;  // for texts
    std::uint32_t ifindex = 0;
    Mac mac;
    std::uint32_t table = 0;
    std::uint32_t mtu = 0;
    std::vector<Prefix> subnets;
    std::vector<Prefix> addresses;       // the node's own, as host prefixes
    std::vector<netlink::Route> routes;  // in the order to add them
    [[nodiscard]] bool has_v6() const;
};

// Throws Error(Invalid) for an ENI without a gateway in one of its subnets.
[[nodiscard]] EniPlan plan_eni(const sdk::EniView& eni, const NodeFacts& node);

}  // namespace terway::veth
