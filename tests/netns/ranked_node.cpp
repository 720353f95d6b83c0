#include "ranked_node.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "netlink/link.hpp"
#include "terway/error.hpp"

namespace terway::test {
namespace {

constexpr std::uint16_t kPort = 4711;

Fd udp_from(const Netns& netns, const IpAddress& from, int tos) {
    const NetnsScope scope(netns.fd());
    Fd fd(::socket(from.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const int done = from.is_v4()
                         ? ::setsockopt(fd.get(), IPPROTO_IP, IP_TOS, &tos, sizeof tos)
                         : ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof tos);
    if (!fd || done != 0) {
        throw system_error("open a UDP socket", errno);
    }
    return fd;
}

void send_one(const Fd& fd, const IpAddress& to) {
    sockaddr_storage name{};
    socklen_t size = 0;
    if (to.is_v4()) {
        auto& v4 = reinterpret_cast<sockaddr_in&>(name);
        v4 = {.sin_family = AF_INET, .sin_port = htons(kPort), .sin_addr = {}, .sin_zero = {}};
        std::memcpy(&v4.sin_addr, to.bytes().data(), to.bytes().size());
        size = sizeof v4;
    } else {
        auto& v6 = reinterpret_cast<sockaddr_in6&>(name);
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(kPort);
        std::memcpy(&v6.sin6_addr, to.bytes().data(), to.bytes().size());
        size = sizeof v6;
    }
    if (::sendto(fd.get(), "hello", 5, 0, reinterpret_cast<sockaddr*>(&name), size) != 5) {
        throw system_error("send to " + to.text(), errno);
    }
}

std::uint32_t index_of(const Netns& netns, const std::string& name) {
    auto socket = netlink::Socket::in(netns.fd());
    return netlink::find_link(socket, name).value().index;
}

}  // namespace

IpAddress RankedNode::far(Family family) {
    return IpAddress::parse(family == Family::V4 ? "10.9.0.1" : "fd09::1").value();
}

RankedNode::RankedNode(unsigned queues) {
    shell(
        "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1; ip link set lo up; "
        "ip link add eni numtxqueues " +
        std::to_string(queues) + " numrxqueues 1 type veth peer name port");
    auto socket = netlink::Socket::in(host_.fd());
    const auto eni = netlink::find_link(socket, "eni").value();
    eni_ = eni.index;
    eni_mac_ = eni.mac;
    netlink::change_link(socket, index_of(host_, "port"), {.netns_fd = vpc_.fd()});
    shell(
        "ip link set eni up; ip address add 10.9.0.254/24 dev eni; "
        "ip address add fd09::fe/64 dev eni nodad");
    ShapedNode::shell(
        vpc_,
        "ip link set lo up; ip link set port up; ip address add 10.9.0.1/24 dev port; "
        "ip address add fd09::1/64 dev port nodad");
    start(true);
}

void RankedNode::start(bool network_priority) {
    const NetnsScope scope(host_.fd());
    module_ = std::make_unique<sdk::testing::ModuleUnderTest>(TERWAY_BANDWIDTH_TC, fake_);
    sdk::testing::ConfigTable config;
    config.boolean("network_priority", network_priority);
    module_->configure(config);
    module_->preflight();
    module_->start();
}

void RankedNode::restart(bool network_priority) {
    {
        const NetnsScope scope(host_.fd());
        module_.reset();
    }
    start(network_priority);
}

RankedPod& RankedNode::pod(PodKind kind, std::uint32_t priority) {
    auto& pod = pods_.emplace_back();
    const auto number = std::to_string(pods_.size() + 1);
    const std::string v4 = "10.9.0." + number;
    const std::string v6 = "fd09::" + number;
    const std::string end = "cali0123456789" + number;
    pod.endpoint = sdk::testing::EndpointBuilder("c0ffee0" + number, "eth0");
    pod.endpoint.netns(pod.netns.fd()).mtu(1500).host_ifname(end).priority(priority);
    pod.endpoint.eni(eni_).eni_mac(eni_mac_.bytes).eni_id("eni-1").address(v4).address(v6);
    pod.addresses = {IpAddress::parse(v4).value(), IpAddress::parse(v6).value()};
    pod.made.mtu = 1500;
    auto socket = netlink::Socket::in(host_.fd());
    if (kind == PodKind::Ipvlan) {
        netlink::create_ipvlan(socket,
                               {.name = "eth0", .parent = eni_, .netns_fd = pod.netns.fd()});
        // It would else ask for its neighbour at times of its own, which counts in its band.
        auto vpc = netlink::Socket::in(vpc_.fd());
        const auto beyond =
            " lladdr " + netlink::find_link(vpc, "port").value().mac.text() + " dev eth0";
        ShapedNode::shell(pod.netns, "ip link set lo up; ip link set eth0 up; ip address add " +
                                         v4 + "/24 dev eth0; ip address add " + v6 +
                                         "/64 dev eth0 nodad; ip neigh add 10.9.0.1" + beyond +
                                         "; ip neigh add fd09::1" + beyond);
    } else {
        netlink::create_veth(socket, {.name = end}, {.name = "eth0", .netns_fd = pod.netns.fd()});
        shell("ip link set " + end + " up; ip address add 169.254.1.1/32 dev " + end +
              "; ip address add fe80::1/64 dev " + end + " nodad; ip route add " + v4 + " dev " +
              end + "; ip route add " + v6 + " dev " + end);
        ShapedNode::shell(pod.netns, "ip link set lo up; ip link set eth0 up; ip address add " +
                                         v4 + "/32 dev eth0; ip address add " + v6 +
                                         "/128 dev eth0 nodad; ip route add 169.254.1.1 dev eth0; "
                                         "ip route add default via 169.254.1.1; "
                                         "ip route add default via fe80::1 dev eth0");
        pod.made.host_ifindex = index_of(host_, end);
        ShapedNode::shell(vpc_, "ip neigh add " + v4 + " lladdr " + eni_mac_.text() +
                                    " dev port; ip neigh add " + v6 + " lladdr " + eni_mac_.text() +
                                    " dev port");
    }
    pod.made.pod_ifindex = index_of(pod.netns, "eth0");
    return pod;
}

void RankedNode::attach(RankedPod& pod) {
    const NetnsScope scope(host_.fd());
    module_->attach_qos(pod.endpoint, pod.made);
}

void RankedNode::detach(sdk::testing::EndpointBuilder& endpoint) {
    const NetnsScope scope(host_.fd());
    module_->detach_qos(endpoint);
}

void RankedNode::adopt(RankedPod& pod) {
    const NetnsScope scope(host_.fd());
    module_->adopt_qos(pod.endpoint, pod.made);
}

std::string RankedNode::check(RankedPod& pod) {
    try {
        const NetnsScope scope(host_.fd());
        module_->check_qos(pod.endpoint, pod.made);
        return {};
    } catch (const Error& error) {
        return error.what();
    }
}

void RankedNode::purge() {
    const NetnsScope scope(host_.fd());
    module_->purge();
}

void RankedNode::send(const RankedPod& pod, const IpAddress& from, unsigned count, int tos) const {
    const auto fd = udp_from(pod.netns, from, tos);
    for (unsigned i = 0; i < count; ++i) {
        send_one(fd, far(from.family()));
    }
}

Bands RankedNode::bands() const {
    return read_bands(shell("tc -s class show dev eni"));
}

std::string RankedNode::state() const {
    return shell("tc qdisc show dev eni; tc filter show dev eni egress");
}

}  // namespace terway::test
