#include "policy_links.hpp"

#include <array>
#include <utility>

#include "netlink/link.hpp"
#include "netlink/route.hpp"
#include "netlink/sysctl.hpp"

namespace terway::test {
namespace {

constexpr std::array kNames{std::pair{Dataplane::Veth, "veth"},
                            std::pair{Dataplane::Ipvlan, "ipvlan"},
                            std::pair{Dataplane::EniExclusive, "eni-exclusive"}};
constexpr const char* kServices = "10.96.0.0/16";

IpAddress gateway(const IpAddress& of) {
    return IpAddress::parse(of.is_v4() ? "169.254.0.1" : "fe80::1").value();
}

// Wide enough that pods of a file's cluster are on one subnet, as those of an ENI are.
std::string subnet(const IpAddress& of) {
    return Prefix(of, of.is_v4() ? 16 : 48).network().text();
}

const char* path(Dataplane dataplane) {
    return dataplane == Dataplane::Ipvlan ? TERWAY_IPVLAN : TERWAY_ENI_EXCLUSIVE;
}

}  // namespace

std::optional<Dataplane> parse_dataplane(std::string_view text) {
    for (const auto& [dataplane, name] : kNames) {
        if (name == text) {
            return dataplane;
        }
    }
    return std::nullopt;
}

PolicyLinks::PolicyLinks(Dataplane dataplane, sdk::testing::FakeHost& fake, const Netns& node,
                         const Netns& vpc, std::string name,
                         const std::vector<IpAddress>& node_addresses)
    : dataplane_(dataplane),
      node_(node),
      vpc_(vpc),
      name_(std::move(name)),
      node_addresses_(node_addresses),
      module_(path(dataplane), fake) {
    module_.configure(sdk::testing::ConfigTable().strings("service_cidrs", {kServices}));
    module_.preflight();
    std::vector<twy_prefix> own;
    for (const auto& each : node_addresses) {
        own.push_back(Prefix::host(each).to_abi());
    }
    module_.start({}, own);
    if (dataplane_ == Dataplane::Ipvlan) {
        shared_ = plug_in();
    }
}

PolicyLinks::Eni PolicyLinks::plug_in() {
    const auto number = std::to_string(plugged_++);
    Eni eni;
    eni.id = "eni-" + name_ + "-" + number;
    auto vpc = netlink::Socket::in(vpc_.fd());
    auto node = netlink::Socket::in(node_.fd());
    netlink::VethEnd port;
    port.name = name_ + "." + number;
    netlink::VethEnd nic;
    nic.name = "eni" + number;
    nic.netns_fd = node_.fd();
    netlink::create_veth(vpc, port, nic);
    eni.vpc_ifindex = netlink::find_link(vpc, port.name).value().index;
    const auto link = netlink::find_link(node, nic.name).value();
    eni.ifindex = link.index;
    eni.mac = link.mac;
    {
        const NetnsScope scope(vpc_.fd());
        netlink::write_sysctl("net/ipv4/conf/" + port.name + "/proxy_arp", "1");
        netlink::write_sysctl("net/ipv4/neigh/" + port.name + "/proxy_delay", "0");
        netlink::write_sysctl("net/ipv6/conf/" + port.name + "/proxy_ndp", "1");
        netlink::write_sysctl("net/ipv6/neigh/" + port.name + "/proxy_delay", "0");
    }
    netlink::change_link(vpc, eni.vpc_ifindex, {.up = true});
    for (const auto* const of : {"0.0.0.0", "::"}) {
        netlink::ensure_address(vpc, eni.vpc_ifindex,
                                Prefix::host(gateway(IpAddress::parse(of).value())));
    }
    sdk::testing::EniBuilder told(eni.id);
    told.ifindex(eni.ifindex).mac(eni.mac.bytes);
    for (const auto& each : node_addresses_) {  // for the families alone
        told.subnet(subnet(each)).gateway(gateway(each).text());
    }
    module_.prepare_eni(told);
    return eni;
}

twy_attachment PolicyLinks::attach(sdk::testing::EndpointBuilder& pod, const Netns& netns,
                                   const std::vector<IpAddress>& addresses) {
    const Eni eni = shared_ ? *shared_ : (own_[pod.container_id()] = plug_in());
    pod.netns(netns.fd()).eni(eni.ifindex).eni_mac(eni.mac.bytes).eni_id(eni.id);
    auto vpc = netlink::Socket::in(vpc_.fd());
    for (const auto& each : addresses) {
        pod.subnet(subnet(each)).gateway(gateway(each).text());
        netlink::Route to;
        to.destination = Prefix::host(each);
        to.oif = eni.vpc_ifindex;
        to.scope = RT_SCOPE_LINK;
        netlink::ensure_route(vpc, to);
        netlink::ensure_neighbour(vpc, {eni.vpc_ifindex, each, eni.mac});
    }
    return module_.attach(pod);
}

void PolicyLinks::activate(sdk::testing::EndpointBuilder& pod, const twy_attachment& made) {
    module_.activate(pod, made);
}

void PolicyLinks::detach(sdk::testing::EndpointBuilder& pod) {
    module_.detach(pod);
    const auto own = own_.find(pod.container_id());
    if (own != own_.end()) {
        auto vpc = netlink::Socket::in(vpc_.fd());
        (void)netlink::remove_link(vpc, own->second.vpc_ifindex);
        own_.erase(own);
    }
}

void PolicyLinks::answer_for(const IpAddress& address, bool is_elsewhere) {
    if (!shared_ || address.is_v4()) {
        return;
    }
    auto vpc = netlink::Socket::in(vpc_.fd());
    if (is_elsewhere) {
        netlink::ensure_proxy(vpc, shared_->vpc_ifindex, address);
    } else {
        (void)netlink::remove_proxy(vpc, shared_->vpc_ifindex, address);
    }
}

}  // namespace terway::test
