#include "plan.hpp"

#include <algorithm>
#include <charconv>

#include "terway/error.hpp"

namespace terway::ipvlan {
namespace {

constexpr std::uint32_t kToPodPriority = 512;

Prefix everything(Family family) {
    static const Prefix v4 = Prefix::parse("0.0.0.0/0").value();
    static const Prefix v6 = Prefix::parse("::/0").value();
    return family == Family::V4 ? v4 : v6;
}

// FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ (32-bit parameters). Never 0, which a route
// takes for "no metric".
std::uint32_t metric_of(std::string_view key) {
    std::uint32_t value = 0x811c9dc5U;
    for (const char c : key) {
        value = (value ^ static_cast<std::uint8_t>(c)) * 0x01000193U;
    }
    return std::max(value, 1U);
}

void take_address(Plan& plan, const Prefix& address) {
    if (address.length() != address.address().bits()) {
        throw Error(Status::Invalid, "address " + address.text() + " is no host prefix");
    }
    for (const auto& other : plan.addresses) {
        if (other.family() == address.family()) {
            throw Error(Status::Invalid,
                        "two addresses of one family: " + other.text() + " and " + address.text());
        }
    }
    plan.addresses.push_back(address);
}

bool has_family(const Plan& plan, Family family) {
    return std::any_of(plan.addresses.begin(), plan.addresses.end(),
                       [&](const Prefix& address) { return address.family() == family; });
}

const Prefix* subnet_of(const Plan& plan, const Prefix& address) {
    const auto found =
        std::find_if(plan.subnets.begin(), plan.subnets.end(),
                     [&](const auto& each) { return each.contains(address.address()); });
    return found == plan.subnets.end() ? nullptr : &*found;
}

}  // namespace

bool Plan::has_v6() const {
    return has_family(*this, Family::V6);
}

std::string host_slave_name(std::uint32_t eni_ifindex) {
    return "ipvl_" + std::to_string(eni_ifindex);
}

Plan plan(const sdk::EndpointView& endpoint, const NodeFacts& node) {
    const std::string key =
        std::string(endpoint.container_id()) + "/" + std::string(endpoint.ifname());
    Plan made;
    made.ifname = endpoint.ifname();
    if (made.ifname.empty() || made.ifname.size() > 15) {
        throw Error(Status::Invalid,
                    "\"" + made.ifname + "\" is no name for a link (1 to 15 bytes)");
    }
    made.alias = "terway " + key;
    made.metric = metric_of(key);
    made.mtu = endpoint.mtu() != 0 ? endpoint.mtu() : node.mtu;
    made.eni_ifindex = endpoint.eni_ifindex();
    made.eni = endpoint.eni_id();
    std::copy(endpoint.eni_mac().begin(), endpoint.eni_mac().end(), made.mac.bytes.begin());
    for (const auto& raw : endpoint.addresses()) {
        take_address(made, Prefix::from_abi(raw));
    }
    for (const auto& raw : endpoint.subnets()) {
        const auto subnet = Prefix::from_abi(raw).network();
        if (has_family(made, subnet.family())) {
            made.subnets.push_back(subnet);
        }
    }
    for (const auto& raw : endpoint.gateways()) {
        const auto gateway = Prefix::from_abi(raw).address();
        if (has_family(made, gateway.family())) {
            made.gateways.push_back(gateway);
        }
    }
    std::copy_if(node.addresses.begin(), node.addresses.end(), std::back_inserter(made.node),
                 [&](const IpAddress& each) { return has_family(made, each.family()); });
    return made;
}

void expect_on_eni(const Plan& plan) {
    if (plan.eni_ifindex == 0) {
        throw Error(Status::Invalid,
                    "the endpoint's addresses belong to no ENI; ipvlan needs [pool] source = "
                    "\"eni\"");
    }
    for (const auto& address : plan.addresses) {
        const bool gateway =
            std::any_of(plan.gateways.begin(), plan.gateways.end(),
                        [&](const IpAddress& via) { return via.family() == address.family(); });
        if (!gateway || subnet_of(plan, address) == nullptr) {
            throw Error(Status::Invalid, "ENI " + plan.eni + " has no subnet with a gateway for " +
                                             address.address().text());
        }
    }
}

std::vector<Prefix> pod_addresses(const Plan& plan) {
    std::vector<Prefix> all;
    for (const auto& address : plan.addresses) {
        const auto* const subnet = subnet_of(plan, address);
        all.emplace_back(address.address(),
                         subnet != nullptr ? subnet->length() : address.length());
    }
    return all;
}

std::vector<netlink::Neighbour> pod_neighbours(const Plan& plan, std::uint32_t pod_ifindex) {
    std::vector<netlink::Neighbour> all;
    for (const auto& address : plan.node) {
        all.push_back({pod_ifindex, address, plan.mac});
    }
    return all;
}

std::vector<netlink::Route> pod_node_routes(const Plan& plan, std::uint32_t pod_ifindex) {
    std::vector<netlink::Route> all;
    for (const auto& address : plan.node) {
        all.push_back(
            {.destination = Prefix::host(address), .oif = pod_ifindex, .scope = RT_SCOPE_LINK});
    }
    return all;
}

std::vector<netlink::Route> pod_default_routes(const Plan& plan, std::uint32_t pod_ifindex) {
    std::vector<netlink::Route> all;
    for (const auto& via : plan.gateways) {
        all.push_back({.destination = everything(via.family()),
                       .gateway = via,
                       .oif = pod_ifindex,
                       .onlink = true});
    }
    return all;
}

std::vector<netlink::Route> host_routes(const Plan& plan, std::uint32_t slave_ifindex) {
    std::vector<netlink::Route> all;
    for (const auto& address : plan.addresses) {
        netlink::Route route{.destination = address,
                             .oif = slave_ifindex,
                             .scope = RT_SCOPE_LINK,
                             .priority = plan.metric};
        const auto source = std::find_if(plan.node.begin(), plan.node.end(), [&](const auto& each) {
            return each.family() == address.family();
        });
        if (source != plan.node.end()) {
            route.source = *source;
        }
        all.push_back(route);
    }
    return all;
}

std::vector<netlink::Neighbour> host_neighbours(const Plan& plan, std::uint32_t slave_ifindex) {
    std::vector<netlink::Neighbour> all;
    for (const auto& address : plan.addresses) {
        all.push_back({slave_ifindex, address.address(), plan.mac});
    }
    return all;
}

std::vector<netlink::Rule> host_rules(const std::vector<Prefix>& addresses) {
    std::vector<netlink::Rule> all;
    for (const auto& address : addresses) {
        netlink::Rule to_pod{.family = address.family(), .priority = kToPodPriority};
        to_pod.destination = address;
        to_pod.table = RT_TABLE_MAIN;
        all.push_back(std::move(to_pod));
    }
    return all;
}

std::string Memory::text() const {
    return std::to_string(pod_ifindex) + " " + std::to_string(mtu);
}

Memory Memory::parse(std::string_view text) {
    Memory memory;
    const char* const last = text.data() + text.size();
    const auto index = std::from_chars(text.data(), last, memory.pod_ifindex);
    const auto mtu =
        index.ptr == last ? index : std::from_chars(std::next(index.ptr), last, memory.mtu);
    const bool good =
        index.ec == std::errc{} && index.ptr != last && mtu.ec == std::errc{} && mtu.ptr == last;
    return good ? memory : Memory{};
}

}  // namespace terway::ipvlan
