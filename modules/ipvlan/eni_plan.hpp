// What an ENI whose addresses pods have looks like in the kernel, decided without touching it.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "netlink/pod_nic.hpp"
#include "netlink/tc.hpp"
#include "options.hpp"
#include "plan.hpp"
#include "terway/types.hpp"

namespace terway::ipvlan {

// Priorities of the filters at the ENI's egress, one a family; nobody else's filters have them.
inline constexpr std::uint16_t kSteerV4 = 40000;
inline constexpr std::uint16_t kSteerV6 = 40001;

struct EniPlan : netlink::PodNic {
    std::string slave;              // the host's, "ipvl_3"
    std::vector<Prefix> steered;    // destinations that go to the host's stack, each once
    std::vector<IpAddress> others;  // of other dataplanes' pods, which the slaves look for by ARP
};

[[nodiscard]] EniPlan plan_eni(const sdk::EniView& eni, const NodeFacts& node,
                               const Options& options);

// Filters of ours, by their priority.
[[nodiscard]] bool is_steering(const netlink::Filter& filter);
// One for each steered destination.
[[nodiscard]] std::vector<netlink::Filter> steering(const EniPlan& plan,
                                                    std::uint32_t slave_ifindex);

struct FilterChange {
    std::vector<netlink::Filter> add;
    std::vector<netlink::Filter> remove;  // as they were found

    [[nodiscard]] bool empty() const { return add.empty() && remove.empty(); }
};
// From the filters found at an egress to those wanted; others' are left alone.
[[nodiscard]] FilterChange change(const std::vector<netlink::Filter>& found,
                                  const std::vector<netlink::Filter>& wanted);

}  // namespace terway::ipvlan
