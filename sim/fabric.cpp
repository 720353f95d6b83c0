#include "sim/fabric.hpp"

#include <array>
#include <chrono>
#include <utility>

#include "netlink/link.hpp"
#include "netlink/route.hpp"
#include "netlink/sysctl.hpp"
#include "sim/await.hpp"
#include "sim/hop.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

// The source check is the fabric's own routing table read backwards: what would not be delivered to
// an ENI may not come from it. The fabric itself never speaks, so there is no ICMP.
constexpr const char* kRules = R"(
table inet vpc {
    set macs { type ifname . ether_addr; }
    set unchecked { type ifname; }
    set foreign_mac { type ifname; flags dynamic; size 65535; counter; }
    set foreign_source { type ifname; flags dynamic; size 65535; counter; }
    set no_owner { type ifname; flags dynamic; size 65535; counter; }
    chain ingress {
        type filter hook prerouting priority raw; policy accept;
        meta pkttype != host drop
        icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, nd-redirect } drop
        iifname != { "uplink", "services" } jump checks
        fib daddr oif missing update @no_owner { iifname } drop
    }
    chain checks {
        iifname . ether saddr != @macs update @foreign_mac { iifname } drop
        iifname @unchecked return
        fib saddr . iif oif missing update @foreign_source { iifname } drop
    }
    chain input { type filter hook input priority filter; policy drop; }
    chain output { type filter hook output priority filter; policy drop; }
}
)";

constexpr auto kLinkLimit = std::chrono::seconds(10);

void prepare_fabric(int netns_fd) {
    const NetnsScope scope(netns_fd);
    netlink::write_sysctl("net/ipv4/ip_forward", "1");
    netlink::write_sysctl("net/ipv6/conf/all/forwarding", "1");
    for (const std::string scope_name : {"all", "default"}) {
        const std::string conf = "net/ipv4/conf/" + scope_name;
        netlink::write_sysctl(conf + "/rp_filter", "0");
        netlink::write_sysctl(conf + "/send_redirects", "0");
        netlink::write_sysctl(conf + "/arp_ignore", "8");
    }
}

void prepare_node(int netns_fd) {
    const NetnsScope scope(netns_fd);
    netlink::write_sysctl("net/ipv4/ip_forward", "1");
    netlink::write_sysctl("net/ipv6/conf/all/forwarding", "1");
    netlink::write_sysctl("net/ipv4/conf/all/rp_filter", "0");
    netlink::write_sysctl("net/ipv4/conf/default/rp_filter", "0");
}

bool same_nic(const Port& a, const Port& b) {
    return a.eni == b.eni && a.mac == b.mac && a.node == b.node && a.nic == b.nic && a.mtu == b.mtu;
}

netlink::Link found(netlink::Socket& socket, const std::string& name) {
    const auto link = netlink::find_link(socket, name);
    if (!link) {
        throw Error(Status::Gone, "link " + name + ": vanished");
    }
    return *link;
}

// What stateless configuration would choose.
Prefix link_local(const Mac& mac) {
    const auto& m = mac.bytes;
    const std::array<std::uint8_t, 16> bytes{
        0xfe, 0x80, 0,    0,    0,    0,    0,   0, static_cast<std::uint8_t>(m[0] ^ 2U),
        m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]};
    return {IpAddress(Family::V6, bytes), 64};
}

netlink::Route default_route(std::uint32_t link, const IpAddress& gateway) {
    netlink::Route route;
    route.destination = *Prefix::parse(gateway.is_v4() ? "0.0.0.0/0" : "::/0");
    route.gateway = gateway;
    route.oif = link;
    route.protocol = RTPROT_DHCP;
    return route;
}

std::string mac_element(const Port& port) {
    return "\"" + port.name + "\" . " + port.mac.text();
}

}  // namespace

Fabric::Fabric(const std::string& name)
    : registration_(name),
      netns_(registration_.create_netns("fabric")),
      socket_(netlink::Socket::in(netns_.fd())),
      nft_(netns_.fd()),
      responder_(netns_.fd()) {
    prepare_fabric(netns_.fd());
    nft_.apply(kRules);
}

std::string Fabric::netns_path(const std::string& space) const {
    return sim::netns_path(registration_.name(), space);
}

void Fabric::render(const Model& model) {
    const Plan plan = plan_of(model);
    if (plan.internet && !outside_) {
        outside_.emplace(registration_, netns_, socket_);
        indexes_[kUplink] = found(socket_, kUplink).index;
    }
    if (plan.services && !services_) {
        services_.emplace(registration_, netns_, socket_);
        indexes_[kServices] = found(socket_, kServices).index;
    }
    remove_stale(plan);
    apply_filters(plan);
    for (const auto& node : plan.nodes) {
        if (!nodes_.contains(node)) {
            add_node(node);
        }
    }
    for (const auto& [name, port] : plan.ports) {
        if (!rendered_.ports.contains(name)) {
            add_port(port);
        }
    }
    responder_.update(plan, [&] {
        std::map<std::uint32_t, std::string> names;
        for (const auto& [name, index] : indexes_) {
            names.emplace(index, name);
        }
        return names;
    }());
    for (const auto& [destination, port] : plan.deliveries) {
        const auto before = rendered_.deliveries.find(destination);
        if (before == rendered_.deliveries.end() || before->second != port) {
            deliver(destination, port);
        }
    }
    if (outside_) {
        outside_->admit(plan.inside);
    }
}

void Fabric::remove_stale(const Plan& plan) {
    for (auto next = rendered_.ports.begin(); next != rendered_.ports.end();) {
        const auto port = next++;
        const auto wanted = plan.ports.find(port->first);
        if (wanted != plan.ports.end() && same_nic(wanted->second, port->second)) {
            continue;
        }
        netlink::remove_link(socket_, port->first);
        std::erase_if(rendered_.deliveries,
                      [&](const auto& delivery) { return delivery.second == port->first; });
        indexes_.erase(port->first);
        rendered_.ports.erase(port);
    }
    const auto deliveries = rendered_.deliveries;
    for (const auto& [destination, port] : deliveries) {
        if (!plan.deliveries.contains(destination)) {
            undeliver(destination, port);
        }
    }
    std::erase_if(nodes_, [&](const auto& node) {
        if (plan.nodes.contains(node.first)) {
            return false;
        }
        registration_.remove_netns(node.first);
        return true;
    });
}

void Fabric::apply_filters(const Plan& plan) {
    std::string script = "flush set inet vpc macs\nflush set inet vpc unchecked\n";
    for (const auto& [name, port] : plan.ports) {
        script += "add element inet vpc macs { " + mac_element(port) + " }\n";
    }
    for (const auto& port : plan.unchecked) {
        script += "add element inet vpc unchecked { \"" + port + "\" }\n";
    }
    nft_.apply(script);
}

void Fabric::add_node(const std::string& node) {
    check_node_name(node);
    Netns netns = registration_.create_netns(node);
    prepare_node(netns.fd());
    nodes_.emplace(node, std::move(netns));
}

void Fabric::add_port(const Port& port) {
    netlink::VethEnd end;
    end.name = port.name;
    end.mac = kVpcMac;
    end.mtu = port.mtu;
    netlink::VethEnd peer;
    peer.name = port.nic;
    peer.mac = port.mac;
    peer.mtu = port.mtu;
    peer.netns_fd = nodes_.at(port.node).fd();
    // Of an earlier attempt that failed half way.
    netlink::remove_link(socket_, port.name);
    with_context("ENI " + port.eni + " of node " + port.node, [&] {
        netlink::create_veth(socket_, end, peer);
        const auto index = found(socket_, port.name).index;
        netlink::LinkChange change;
        change.up = true;
        change.alias = port.eni;
        change.no_ipv6_link_local = true;
        netlink::change_link(socket_, index, change);
        ensure_far_end(socket_, index, port.mac);
        if (port.config) {
            configure_nic(port);
        }
        indexes_[port.name] = index;
        rendered_.ports.emplace(port.name, port);
    });
}

void Fabric::configure_nic(const Port& port) {
    const int node = nodes_.at(port.node).fd();
    const Deadline deadline = after(kLinkLimit);
    auto socket = netlink::Socket::in(node);
    const auto index = found(socket, port.nic).index;
    // The node has been up for long: duplicate address detection lies behind it.
    netlink::LinkChange change;
    change.up = true;
    change.no_ipv6_link_local = true;
    netlink::change_link(socket, index, change);
    await_running(node, port.nic, deadline);
    await_running(netns_.fd(), port.name, deadline);
    netlink::ensure_address(socket, index, link_local(port.mac));
    netlink::ensure_address(socket, index, port.config->address);
    netlink::ensure_route(socket, default_route(index, port.config->gateway));
    if (port.config->address6) {
        netlink::ensure_address(socket, index, *port.config->address6);
        netlink::ensure_route(socket, default_route(index, *port.config->gateway6));
        await_local(node, port.config->address6->address(), deadline);
    }
}

void Fabric::deliver(const Prefix& destination, const std::string& port) {
    netlink::Route route;
    route.destination = destination;
    route.type = RTN_BLACKHOLE;
    netlink::ensure_route(socket_, port.empty() ? route : through(destination, indexes_.at(port)));
    rendered_.deliveries.insert_or_assign(destination, port);
}

void Fabric::undeliver(const Prefix& destination, const std::string& port) {
    netlink::Route route;
    route.destination = destination;
    route.type = port.empty() ? RTN_BLACKHOLE : RTN_UNICAST;
    netlink::remove_route(socket_, route);
    rendered_.deliveries.erase(destination);
}

}  // namespace terway::sim
