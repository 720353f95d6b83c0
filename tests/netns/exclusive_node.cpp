#include "exclusive_node.hpp"

#include <algorithm>
#include <cstdlib>

#include "base/time.hpp"
#include "netlink/sysctl.hpp"
#include "retired_links.hpp"
#include "terway/error.hpp"

namespace terway::test {
namespace {

constexpr std::uint16_t kClient = 5000;
constexpr std::uint16_t kServer = 8080;

void plug_in(const Netns& one, const std::string& name, const Netns& other,
             const std::string& far) {
    auto socket = netlink::Socket::in(one.fd());
    netlink::VethEnd end;
    end.name = name;
    netlink::VethEnd peer;
    peer.name = far;
    peer.netns_fd = other.fd();
    netlink::create_veth(socket, end, peer);
}

void forwarding(const Netns& netns) {
    const NetnsScope scope(netns.fd());
    netlink::write_sysctl("net/ipv4/ip_forward", "1");
    netlink::write_sysctl("net/ipv6/conf/all/forwarding", "1");
}

IpAddress parse(const std::string& text) {
    return IpAddress::parse(text).value();
}

}  // namespace

void shell(const Netns& netns, const std::string& command) {
    const NetnsScope scope(netns.fd());
    if (std::system(("set -e; " + command).c_str()) != 0) {  // NOLINT(concurrency-mt-unsafe)
        throw Error(Status::Internal, "failed: " + command);
    }
}

ExclusiveNode::ExclusiveNode(const sdk::testing::ConfigTable& config)
    : module_(TERWAY_ENI_EXCLUSIVE, fake_) {
    for (const auto* netns : {&host_, &vpc_, &machine_}) {
        forwarding(*netns);
        shell(*netns, "ip link set lo up");
    }
    plug_in(host_, "eth0", vpc_, "node");
    plug_in(machine_, "eth0", vpc_, "machine");
    shell(vpc_,
          "ip link add vswitch type bridge; ip link set vswitch up; ip link set node up; "
          "ip link set machine up; "
          "ip address add 10.0.0.1/24 dev node; ip address add fd00::1/64 dev node nodad; "
          "ip address add 10.0.1.1/24 dev vswitch; ip address add fd01::1/64 dev vswitch nodad; "
          "ip address add 10.0.2.1/24 dev machine; ip address add fd02::1/64 dev machine nodad; "
          "ip route add 10.0.3.0/24 via 10.0.0.2; ip route add fd03::/64 via fd00::2; "
          "nft 'add table inet check; add chain inet check in { type filter hook prerouting "
          "priority -300; }; "
          "add rule inet check in iifname node ip saddr != { 10.0.0.2, 10.0.3.0/24 } drop; "
          "add rule inet check in iifname node ip6 saddr != { fd00::2, fd03::/64, fe80::/10 } "
          "drop'");
    shell(host_,
          "ip link set eth0 up; ip address add 10.0.0.2/24 dev eth0; "
          "ip address add fd00::2/64 dev eth0 nodad; ip address add 169.254.20.10/32 dev lo; "
          "ip route add default via 10.0.0.1; ip route add default via fd00::1");
    shell(machine_,
          "ip link set eth0 up; ip address add 10.0.2.9/24 dev eth0; "
          "ip address add fd02::9/64 dev eth0 nodad; "
          "ip route add default via 10.0.2.1; ip route add default via fd02::1");
    serve_retired_links(fake_);
    on_host([&] {
        const std::vector<twy_prefix> own{sdk::testing::prefix("10.0.0.2"),
                                          sdk::testing::prefix("fd00::2")};
        module_.configure(config);
        module_.start({}, own);
    });
}

sdk::testing::ConfigTable ExclusiveNode::services() {
    sdk::testing::ConfigTable config;
    sdk::testing::ConfigTable cidrs;
    cidrs.string("", "192.168.0.0/16").string("", "fd10::/112");
    sdk::testing::ConfigTable stack;
    stack.string("", "169.254.20.10/32");
    config.array("service_cidrs", cidrs).array("host_stack_cidrs", stack);
    return config;
}

IpAddress ExclusiveNode::node(Family family) {
    return parse(family == Family::V4 ? "10.0.0.2" : "fd00::2");
}

IpAddress ExclusiveNode::service(Family family) {
    return parse(family == Family::V4 ? "192.168.0.10" : "fd10::10");
}

IpAddress ExclusiveNode::elsewhere(Family family) {
    return parse(family == Family::V4 ? "10.0.2.9" : "fd02::9");
}

IpAddress ExclusiveNode::routed_address(Family family, int number) {
    return parse((family == Family::V4 ? "10.0.3." : "fd03::") + std::to_string(number));
}

ExclusivePod& ExclusiveNode::plug() {
    const auto number = std::to_string(pods_.size() + 1);
    const auto ending = std::to_string(10 + pods_.size());
    auto& pod = pods_.emplace_back();
    pod.home_name = "eth" + number;
    plug_in(host_, pod.home_name, vpc_, "port" + number);
    shell(vpc_, "ip link set port" + number + " master vswitch up");
    pod.mac = link(host_.fd(), pod.home_name)->mac;
    sdk::testing::EniBuilder eni("eni-" + number);
    eni.mac(pod.mac.bytes);
    on_host([&] { module_.prepare_eni(eni); });
    pod.address = {{Family::V4, parse("10.0.1." + ending)}, {Family::V6, parse("fd01::" + ending)}};
    pod.endpoint = sdk::testing::EndpointBuilder("pod" + number + "0123456789abcdef");
    pod.endpoint.netns(pod.netns.fd())
        .eni(link(host_.fd(), pod.home_name)->index)
        .eni_mac(pod.mac.bytes)
        .eni_id("eni-" + number);
    for (const auto& [family, address] : pod.address) {
        const bool v4 = family == Family::V4;
        pod.endpoint.address(address.text())
            .subnet(v4 ? "10.0.1.0/24" : "fd01::/64")
            .gateway(v4 ? "10.0.1.1" : "fd01::1");
    }
    shell(pod.netns, "ip link set lo up");
    return pod;
}

void ExclusiveNode::attach(ExclusivePod& pod) {
    on_host([&] { pod.made = module_.attach(pod.endpoint); });
}

void ExclusiveNode::activate(ExclusivePod& pod) {
    on_host([&] { module_.activate(pod.endpoint, pod.made); });
}

void ExclusiveNode::detach(ExclusivePod& pod) {
    on_host([&] { module_.detach(pod.endpoint); });
}

Netns& ExclusiveNode::routed_pod(int number) {
    auto& pod = routed_.emplace_back(Netns::create());
    const auto end = "cali" + std::to_string(number);
    plug_in(host_, end, pod, "eth0");
    const auto v4 = routed_address(Family::V4, number).text();
    const auto v6 = routed_address(Family::V6, number).text();
    shell(host_, "ip link set " + end + " up; ip address add fe80::1/64 dev " + end +
                     " nodad; ip address add 169.254.1.1/32 dev " + end + "; ip route add " + v4 +
                     "/32 dev " + end + "; ip route add " + v6 + "/128 dev " + end);
    shell(pod, "ip link set lo up; ip link set eth0 up; ip address add " + v4 +
                   "/32 dev eth0; ip address add " + v6 +
                   "/128 dev eth0 nodad; ip route add default via 169.254.1.1 dev eth0 onlink; "
                   "ip route add default via fe80::1 dev eth0 onlink");
    return pod;
}

void ExclusiveNode::serve(const IpAddress& address, const IpAddress& backend) {
    const std::string family = address.is_v4() ? "ip" : "ip6";
    std::string commands = "nft 'add table " + family + " proxy; ";
    for (const auto* hook : {"prerouting", "output"}) {
        commands += "add chain " + family + " proxy " + hook + " { type nat hook " + hook +
                    " priority -100; }; add rule " + family + " proxy " + hook + " " + family +
                    " daddr " + address.text() + " udp dport 8080 dnat to " + backend.text() + "; ";
    }
    shell(host_, commands + "'");
}

std::optional<netlink::Link> ExclusiveNode::at_home(const ExclusivePod& pod) const {
    auto socket = netlink::Socket::in(host_.fd());
    return netlink::find_nic(socket, pod.mac);
}

std::optional<netlink::Link> ExclusiveNode::link(int netns_fd, const std::string& name) {
    auto socket = netlink::Socket::in(netns_fd);
    return netlink::find_link(socket, name);
}

std::optional<Datagram> ask(const Netns& client_netns, const IpAddress& from, const IpAddress& to,
                            const Netns& server_netns, const IpAddress& server_address,
                            std::chrono::milliseconds limit) {
    const Udp client(client_netns.fd(), from, kClient);
    const Udp server(server_netns.fd(), server_address, kServer);
    // Asked again and again: the first packet may be lost while neighbours get to know each other.
    const auto turn = std::min(limit, patience(std::chrono::milliseconds(500)));
    const Deadline deadline = after(limit);
    do {
        client.send(to, kServer, "question");
        auto asked = server.receive(turn);
        if (!asked) {
            continue;
        }
        // The port may be another on the way: whoever masquerades chooses it.
        server.send(asked->from, asked->port, "answer");
        const auto answered = client.receive(turn);
        if (answered && answered->from == to) {
            return asked;
        }
    } while (Clock::now() < deadline);
    return std::nullopt;
}

}  // namespace terway::test
