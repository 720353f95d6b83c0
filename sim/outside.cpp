#include "sim/outside.hpp"

#include <chrono>
#include <string>
#include <utility>

#include "netlink/link.hpp"
#include "netlink/route.hpp"
#include "netlink/sysctl.hpp"
#include "sim/await.hpp"
#include "sim/hop.hpp"
#include "sim/plan.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

constexpr auto kLinkLimit = std::chrono::seconds(10);
constexpr const char* kHost6 = "2001:db8:ffff::10";
constexpr Mac kGatewayMac{{0x02, 0, 0, 0, 0, 0x01}};
constexpr Mac kWanMac{{0x02, 0, 0, 0, 0, 0x02}};
constexpr Mac kHostMac{{0x02, 0, 0, 0, 0, 0x03}};

constexpr const char* kRules = R"(
table inet gateway {
    set inside4 { type ipv4_addr; flags interval; }
    set inside6 { type ipv6_addr; flags interval; }
    set not_inside { type ifname; flags dynamic; size 16; counter; }
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        iifname "vpc" ip saddr @inside4 accept
        iifname "vpc" ip6 saddr @inside6 accept
        iifname "vpc" update @not_inside { iifname }
    }
    chain postrouting {
        type nat hook postrouting priority srcnat;
        oifname "wan" meta nfproto ipv4 masquerade
    }
}
)";

Prefix prefix(const char* text) {
    return *Prefix::parse(text);
}

std::uint32_t bring_up(netlink::Socket& socket, const std::string& name) {
    const auto link = netlink::find_link(socket, name);
    if (!link) {
        throw Error(Status::Gone, "link " + name + ": vanished");
    }
    netlink::LinkChange change;
    change.up = true;
    change.no_ipv6_link_local = true;
    netlink::change_link(socket, link->index, change);
    return link->index;
}

void let_forward(int netns_fd) {
    const NetnsScope scope(netns_fd);
    netlink::write_sysctl("net/ipv4/ip_forward", "1");
    netlink::write_sysctl("net/ipv6/conf/all/forwarding", "1");
    netlink::write_sysctl("net/ipv4/conf/all/rp_filter", "0");
    netlink::write_sysctl("net/ipv4/conf/default/rp_filter", "0");
}

netlink::VethEnd end(const char* name, const Mac& mac, int netns_fd = -1) {
    netlink::VethEnd made;
    made.name = name;
    made.mac = mac;
    made.netns_fd = netns_fd;
    return made;
}

void configure_wan(netlink::Socket& gateway, netlink::Socket& host) {
    const auto wan = bring_up(gateway, "wan");
    netlink::ensure_address(gateway, wan, prefix("203.0.113.1/24"));
    netlink::ensure_address(gateway, wan, prefix("2001:db8:ffff::1/64"));
    const auto nic = bring_up(host, "eth0");
    netlink::ensure_address(host, nic, prefix("203.0.113.10/24"));
    netlink::ensure_address(host, nic, prefix("2001:db8:ffff::10/64"));
    // Without link-local addresses a forwarder cannot ask for its neighbours.
    netlink::ensure_neighbour(gateway, {wan, *IpAddress::parse("203.0.113.10"), kHostMac, true});
    netlink::ensure_neighbour(gateway, {wan, *IpAddress::parse(kHost6), kHostMac, true});
    netlink::Route back;
    back.destination = prefix("::/0");
    back.gateway = IpAddress::parse("2001:db8:ffff::1");
    back.oif = nic;
    netlink::ensure_route(host, back);
}

const char* set_of(const Prefix& prefix) {
    return prefix.is_v4() ? "inside4" : "inside6";
}

}  // namespace

Outside::Outside(Registration& registration, const Netns& fabric, netlink::Socket& fabric_socket)
    : gateway_(registration.create_netns("nat")),
      host_(registration.create_netns("internet")),
      socket_(netlink::Socket::in(gateway_.fd())),
      nft_(gateway_.fd()) {
    let_forward(gateway_.fd());
    nft_.apply(kRules);
    auto host = netlink::Socket::in(host_.fd());
    netlink::create_veth(socket_, end("wan", kWanMac), end("eth0", kHostMac, host_.fd()));
    configure_wan(socket_, host);
    netlink::create_veth(fabric_socket, end(kUplink, kVpcMac),
                         end("vpc", kGatewayMac, gateway_.fd()));
    ensure_far_end(fabric_socket, bring_up(fabric_socket, kUplink), kGatewayMac);
    vpc_link_ = bring_up(socket_, "vpc");
    ensure_far_end(socket_, vpc_link_, kVpcMac);
    await_local(host_.fd(), *IpAddress::parse(kHost6), after(kLinkLimit));
    for (const auto& [netns, link] :
         {std::pair(gateway_.fd(), "wan"), std::pair(host_.fd(), "eth0"),
          std::pair(fabric.fd(), kUplink), std::pair(gateway_.fd(), "vpc")}) {
        await_running(netns, link, after(kLinkLimit));
    }
}

void Outside::admit(const std::set<Prefix>& inside) {
    for (const auto& fresh : inside) {
        if (!inside_.contains(fresh)) {
            netlink::ensure_route(socket_, through(fresh, vpc_link_));
            nft_.apply(std::string("add element inet gateway ") + set_of(fresh) + " { " +
                       fresh.text() + " }\n");
            inside_.insert(fresh);
        }
    }
}

}  // namespace terway::sim
