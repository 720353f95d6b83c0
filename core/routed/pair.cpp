#include "routed/pair.hpp"

#include <algorithm>

#include "terway/error.hpp"

namespace terway::routed {
namespace {

const IpAddress& gateway(Family family) {
    static const IpAddress v4 = IpAddress::parse("169.254.1.1").value();
    static const IpAddress v6 = IpAddress::parse("fe80::1").value();
    return family == Family::V4 ? v4 : v6;
}

// FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ (64-bit parameters).
std::uint64_t hash(std::string_view text) {
    std::uint64_t value = 0xcbf29ce484222325U;
    for (const char c : text) {
        value = (value ^ static_cast<std::uint8_t>(c)) * 0x100000001b3U;
    }
    return value;
}

Mac mac_of(const std::string& key) {
    Mac mac;
    std::uint64_t bits = hash(key);
    for (auto& byte : mac.bytes) {
        byte = static_cast<std::uint8_t>(bits);
        bits >>= 8U;
    }
    mac.bytes[0] = static_cast<std::uint8_t>((mac.bytes[0] & 0xfcU) | 0x02U);  // local, unicast
    return mac;
}

void check_name(const std::string& name) {
    if (name.empty() || name.size() > 15) {
        throw Error(Status::Invalid, "\"" + name + "\" is no name for a link (1 to 15 bytes)");
    }
}

}  // namespace

bool Pair::has_v6() const {
    return std::any_of(addresses.begin(), addresses.end(),
                       [](const Prefix& address) { return !address.is_v4(); });
}

Pair pair(const sdk::EndpointView& endpoint, const std::string& pod_ifname, std::uint32_t mtu) {
    const std::string key =
        std::string(endpoint.container_id()) + "/" + std::string(endpoint.ifname());
    Pair made;
    made.host_ifname = endpoint.host_ifname();
    made.pod_ifname = pod_ifname;
    check_name(made.host_ifname);
    check_name(made.pod_ifname);
    made.alias = "terway " + key;
    made.pod_mac = mac_of(key);
    made.mtu = endpoint.mtu() != 0 ? endpoint.mtu() : mtu;
    if (endpoint.addresses().size() > 2) {
        throw Error(Status::Invalid, "more than one address a family");
    }
    for (const auto& raw : endpoint.addresses()) {
        const auto address = Prefix::from_abi(raw);
        if (address.length() != address.address().bits()) {
            throw Error(Status::Invalid, "address " + address.text() + " is no host prefix");
        }
        if (!made.addresses.empty() && made.addresses.back().family() == address.family()) {
            throw Error(Status::Invalid,
                        "two addresses of one family: " + made.addresses.back().text() + " and " +
                            address.text());
        }
        made.addresses.push_back(address);
        made.gateways.push_back(gateway(address.family()));
    }
    return made;
}

std::vector<netlink::Neighbour> pod_neighbours(const Pair& pair, std::uint32_t pod_ifindex) {
    std::vector<netlink::Neighbour> all;
    for (const auto& via : pair.gateways) {
        all.push_back({pod_ifindex, via, kHostMac});
    }
    return all;
}

const Prefix& everything(Family family) {
    static const Prefix v4 = Prefix::parse("0.0.0.0/0").value();
    static const Prefix v6 = Prefix::parse("::/0").value();
    return family == Family::V4 ? v4 : v6;
}

std::vector<netlink::Neighbour> host_neighbours(const Pair& pair, std::uint32_t host_ifindex) {
    std::vector<netlink::Neighbour> all;
    for (const auto& address : pair.addresses) {
        all.push_back({host_ifindex, address.address(), pair.pod_mac});
    }
    return all;
}

std::vector<netlink::Route> host_routes(const Pair& pair, std::uint32_t host_ifindex) {
    std::vector<netlink::Route> all;
    for (const auto& address : pair.addresses) {
        netlink::Route route{.destination = address, .oif = host_ifindex, .scope = RT_SCOPE_LINK};
        const auto source =
            std::find_if(pair.sources.begin(), pair.sources.end(),
                         [&](const auto& each) { return each.family() == address.family(); });
        if (source != pair.sources.end()) {
            route.source = *source;
        }
        all.push_back(route);
    }
    return all;
}

std::vector<netlink::Rule> host_rules(const Pair& pair) {
    std::vector<netlink::Rule> all;
    if (!pair.by_rules) {
        return all;
    }
    for (const auto& address : pair.addresses) {
        netlink::Rule to_pod{.family = address.family(), .priority = kToPodPriority};
        to_pod.destination = address;
        to_pod.table = RT_TABLE_MAIN;
        all.push_back(std::move(to_pod));
        if (!pair.out_by_rules) {
            continue;
        }
        netlink::Rule from_pod{.family = address.family(), .priority = kFromPodPriority};
        from_pod.source = address;
        from_pod.table = pair.eni_table;
        all.push_back(std::move(from_pod));
    }
    return all;
}

}  // namespace terway::routed
