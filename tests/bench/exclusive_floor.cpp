#include "exclusive_floor.hpp"

#include <chrono>

#include "base/netns.hpp"
#include "base/time.hpp"
#include "netlink/link.hpp"
#include "netlink/route.hpp"
#include "netlink/rule.hpp"
#include "netlink/sysctl.hpp"
#include "netlink/wait.hpp"
#include "terway/error.hpp"

namespace terway::bench {
namespace {

using netlink::Socket;

constexpr const char* kPodIfname = "eth0";
constexpr const char* kPeerIfname = "veth1";
constexpr std::uint32_t kMtu = 1500;
constexpr std::uint32_t kToPodPriority = 512;
constexpr std::chrono::seconds kPatience{30};
constexpr Mac kHostMac{{0xee, 0xee, 0xee, 0xee, 0xee, 0xee}};

netlink::Link found(Socket& socket, const std::string& name) {
    const auto link = netlink::find_link(socket, name);
    if (!link) {
        throw Error(Status::Gone, "link " + name + ": vanished");
    }
    return *link;
}

IpAddress peer_gateway() {
    return IpAddress::parse("169.254.1.1").value();
}

netlink::Rule to_pod(const SpareNic& nic) {
    netlink::Rule rule{.family = Family::V4, .priority = kToPodPriority};
    rule.destination = Prefix::host(nic.address);
    rule.table = RT_TABLE_MAIN;
    return rule;
}

void set_sysctls(int netns) {
    const NetnsScope scope(netns);
    for (const std::string name : {kPodIfname, kPeerIfname}) {
        netlink::write_sysctl("net/ipv4/conf/" + name + "/rp_filter", "2");
        netlink::write_sysctl("net/ipv6/conf/" + name + "/accept_ra", "0");
    }
}

void open_routes(Socket& pod, const SpareNic& nic, std::uint32_t eth0, std::uint32_t veth1) {
    netlink::change_link(pod, eth0, {.up = true});
    (void)netlink::add_route(pod, {.destination = Prefix::parse("0.0.0.0/0").value(),
                                   .gateway = nic.gateway,
                                   .oif = eth0,
                                   .onlink = true});
    netlink::change_link(pod, veth1, {.up = true});
    (void)netlink::add_route(
        pod, {.destination = Prefix::host(peer_gateway()), .oif = veth1, .scope = RT_SCOPE_LINK});
    (void)netlink::add_route(pod, {.destination = Prefix::host(nic.node),
                                   .gateway = peer_gateway(),
                                   .oif = veth1,
                                   .onlink = true});
}

}  // namespace

void lend(const SpareNic& nic, int pod_netns) {
    Socket host;
    netlink::create_veth(host, {.name = nic.peer, .mac = kHostMac, .mtu = kMtu},
                         {.name = kPeerIfname, .mtu = kMtu, .netns_fd = pod_netns});
    const auto end = found(host, nic.peer);
    netlink::change_link(host, end.index,
                         {.up = true, .alias = "floor " + nic.peer, .no_ipv6_link_local = true});
    netlink::change_link(host, nic.index, {.mtu = kMtu, .alias = "floor " + nic.name});
    netlink::change_link(host, nic.index, {.name = kPodIfname, .netns_fd = pod_netns});
    Socket pod = Socket::in(pod_netns);
    const auto eth0 = found(pod, kPodIfname).index;
    const auto veth1 = found(pod, kPeerIfname);
    netlink::ensure_neighbour(host, {end.index, nic.address, veth1.mac});
    set_sysctls(pod_netns);
    netlink::ensure_address(pod, eth0, Prefix::host(nic.address));
    netlink::ensure_address(pod, veth1.index, Prefix::host(nic.address));
    netlink::ensure_neighbour(pod, {veth1.index, peer_gateway(), kHostMac});
    netlink::ensure_route(host, {.destination = Prefix::host(nic.address),
                                 .oif = end.index,
                                 .scope = RT_SCOPE_LINK,
                                 .source = nic.node});
    (void)netlink::ensure_rule(host, to_pod(nic));
    open_routes(pod, nic, eth0, veth1.index);
    const auto deadline = after(kPatience);
    netlink::await_running(host, end.index, deadline);
    netlink::await_running(pod, veth1.index, deadline);
    netlink::await_running(pod, eth0, deadline);
}

void bring_home(SpareNic& nic, int pod_netns) {
    const auto home = Netns::current();
    Socket host;
    Socket pod = Socket::in(pod_netns);
    (void)netlink::remove_rule(host, to_pod(nic));
    const auto eth0 = found(pod, kPodIfname).index;
    netlink::change_link(pod, eth0,
                         {.mtu = kMtu, .name = nic.name, .alias = "", .netns_fd = home.fd()});
    (void)netlink::remove_link(host, nic.peer);
    nic.index = found(host, nic.name).index;
}

}  // namespace terway::bench
