#include "proxies.hpp"

#include <algorithm>
#include <vector>

#include "netlink/difference.hpp"
#include "netlink/route.hpp"

namespace terway::ipvlan {
namespace {

using Addresses = std::vector<IpAddress>;

Addresses present(netlink::Socket& socket, const EniPlan& plan, std::uint32_t slave_ifindex) {
    auto all = netlink::proxies(socket, Family::V4, slave_ifindex);
    if (plan.has_v6()) {
        const auto v6 = netlink::proxies(socket, Family::V6, slave_ifindex);
        all.insert(all.end(), v6.begin(), v6.end());
    }
    return all;
}

// Those of `all` that are not among `known`.
Addresses without(const Addresses& all, const Addresses& known) {
    Addresses left;
    std::copy_if(all.begin(), all.end(), std::back_inserter(left), [&](const IpAddress& each) {
        return std::find(known.begin(), known.end(), each) == known.end();
    });
    return left;
}

}  // namespace

void ensure_proxies(netlink::Socket& socket, const EniPlan& plan, std::uint32_t slave_ifindex) {
    const auto found = present(socket, plan, slave_ifindex);
    for (const auto& address : without(plan.others, found)) {
        netlink::ensure_proxy(socket, slave_ifindex, address);
    }
    for (const auto& address : without(found, plan.others)) {
        (void)netlink::remove_proxy(socket, slave_ifindex, address);
    }
}

void check_proxies(netlink::Socket& socket, const EniPlan& plan, std::uint32_t slave_ifindex) {
    const auto found = present(socket, plan, slave_ifindex);
    for (const auto& address : without(plan.others, found)) {
        netlink::differs("link " + plan.slave + " does not answer for " + address.text());
    }
    for (const auto& address : without(found, plan.others)) {
        netlink::differs("link " + plan.slave + " answers for " + address.text() +
                         ", which no pod of another dataplane has");
    }
}

}  // namespace terway::ipvlan
