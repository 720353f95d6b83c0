#include "plan.hpp"

#include <algorithm>
#include <charconv>

#include "terway/error.hpp"

namespace terway::eni_exclusive {
namespace {

constexpr std::string_view kHome = " home ";
constexpr std::size_t kMaxMark = 255;  // IFALIASZ without its NUL

bool contains(const std::vector<Prefix>& all, const Prefix& wanted) {
    return std::find(all.begin(), all.end(), wanted) != all.end();
}

void add_beyond(Plan& plan, const Prefix& network) {
    const auto& own = plan.addresses;
    const bool family_served = std::any_of(own.begin(), own.end(), [&](const Prefix& address) {
        return address.family() == network.family();
    });
    if (family_served && !contains(plan.beyond_peer, network)) {
        plan.beyond_peer.push_back(network);
    }
}

std::uint32_t number(std::string_view text, std::string_view key) {
    std::uint32_t value = 0;
    const auto at = text.find(key);
    if (at != std::string_view::npos) {
        (void)std::from_chars(text.data() + at + key.size(), text.data() + text.size(), value);
    }
    return value;
}

}  // namespace

std::string peer_ifname(const std::string& ifname) {
    return ifname == "eth0" ? "veth1" : "v" + ifname;
}

Plan plan(const sdk::EndpointView& endpoint, const NodeFacts& node) {
    Plan made;
    made.ifname = endpoint.ifname();
    made.pair = routed::pair(endpoint, peer_ifname(made.ifname), node.mtu);
    made.pair.group = kLinkGroup;
    made.pair.guarded = true;
    made.pair.rule_to = true;
    made.pair.sources = node.addresses;
    made.owner = made.pair.alias;
    made.eni_id = endpoint.eni_id();
    made.eni_hint = endpoint.eni_ifindex();
    std::copy(endpoint.eni_mac().begin(), endpoint.eni_mac().end(), made.eni_mac.bytes.begin());
    made.mtu = made.pair.mtu;
    made.home_mtu = node.mtu;
    made.addresses = made.pair.addresses;
    for (const auto& raw : endpoint.gateways()) {
        made.gateways.push_back(Prefix::from_abi(raw).address());
    }
    made.has_peer = endpoint.state().empty() ? node.host_peer
                                             : Memory::parse(endpoint.state()).peer_ifindex != 0;
    for (const auto& address : node.addresses) {
        add_beyond(made, Prefix::host(address));
    }
    for (const auto& network : node.beyond_peer) {
        add_beyond(made, network);
    }
    if (Mark{made.owner, made.ifname}.text().size() + made.ifname.size() > kMaxMark) {
        throw Error(Status::Invalid, "the container id is too long to mark an ENI with");
    }
    return made;
}

std::vector<netlink::Route> eni_routes(const Plan& plan, std::uint32_t eni_ifindex) {
    std::vector<netlink::Route> all;
    for (const auto& via : plan.gateways) {
        if (!via.is_v4()) {
            all.push_back({.destination = Prefix::host(via), .oif = eni_ifindex});
        }
        all.push_back({.destination = routed::everything(via.family()),
                       .gateway = via,
                       .oif = eni_ifindex,
                       .onlink = via.is_v4()});
    }
    return all;
}

std::vector<netlink::Route> peer_routes(const Plan& plan, std::uint32_t peer_ifindex) {
    std::vector<netlink::Route> all;
    for (const auto& via : plan.pair.gateways) {
        if (via.is_v4()) {
            all.push_back(
                {.destination = Prefix::host(via), .oif = peer_ifindex, .scope = RT_SCOPE_LINK});
        }
        for (const auto& network : plan.beyond_peer) {
            if (network.family() == via.family()) {
                all.push_back(
                    {.destination = network, .gateway = via, .oif = peer_ifindex, .onlink = true});
            }
        }
    }
    return all;
}

std::string Mark::text() const {
    return owner + std::string(kHome) + home_name;
}

std::optional<Mark> Mark::parse(std::string_view alias) {
    const auto at = alias.rfind(kHome);
    if (!alias.starts_with("terway ") || at == std::string_view::npos) {
        return std::nullopt;
    }
    return Mark{std::string(alias.substr(0, at)), std::string(alias.substr(at + kHome.size()))};
}

std::string spare_name(const Mac& mac) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string name = "eni";
    for (const auto byte : mac.bytes) {
        name += kDigits[byte >> 4U];
        name += kDigits[byte & 0xfU];
    }
    return name;
}

std::string Memory::text() const {
    return "eni=" + std::to_string(eni_ifindex) + " peer=" + std::to_string(peer_ifindex);
}

Memory Memory::parse(std::string_view state) {
    return {number(state, "eni="), number(state, "peer=")};
}

}  // namespace terway::eni_exclusive
