// What an ENI that carries pods' addresses looks like in the kernel, decided without touching it.
// Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "netlink/pod_nic.hpp"
#include "netlink/route.hpp"
#include "plan.hpp"
#include "terway/types.hpp"

namespace terway::veth {

struct EniPlan : netlink::PodNic {
    std::uint32_t table = 0;
    std::vector<netlink::Route> routes;  // in the order to add them
};

// Throws Error(Invalid) for an ENI without a gateway in one of its subnets.
[[nodiscard]] EniPlan plan_eni(const sdk::EniView& eni, const NodeFacts& node);

}  // namespace terway::veth
