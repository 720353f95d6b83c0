#include "shaped_node.hpp"

#include <array>
#include <cstdio>
#include <memory>

#include "netlink/link.hpp"
#include "netlink/sysctl.hpp"
#include "terway/error.hpp"

namespace terway::test {
namespace {

std::uint32_t index_of(const Netns& netns, const std::string& name) {
    auto socket = netlink::Socket::in(netns.fd());
    return netlink::find_link(socket, name).value().index;
}

// As the daemon does it, with less patience.
void retire(std::uint32_t ifindex) {
    netlink::Socket socket;
    netlink::change_link(socket, ifindex, {.group = TWY_RETIRED_LINK_GROUP});
}

bool delete_retired() {
    netlink::Socket socket;
    (void)netlink::remove_links_of_group(socket, TWY_RETIRED_LINK_GROUP);
    return true;
}

std::string address_command(const std::string& address, const std::string& link, bool v4) {
    return "ip address add " + address + (v4 ? "/24" : "/64") + " dev " + link +
           (v4 ? "; " : " nodad; ");
}

}  // namespace

std::string ShapedNode::shell(const Netns& netns, const std::string& command) {
    const NetnsScope scope(netns.fd());
    const std::string whole = "set -e; exec 2>&1; " + command;
    FILE* pipe = ::popen(whole.c_str(), "r");
    std::string output;
    std::array<char, 4096> chunk{};
    for (std::size_t got = 0; (got = std::fread(chunk.data(), 1, chunk.size(), pipe)) > 0;) {
        output.append(chunk.data(), got);
    }
    if (::pclose(pipe) != 0) {
        throw Error(Status::Internal, "failed: " + command + ": " + output);
    }
    return output;
}

ShapedNode::ShapedNode(const std::string& mode) {
    shell(host_, "ip link set lo up");
    shell(vpc_, "ip link set lo up");
    fake_.on_retire_link(retire);
    fake_.on_await_retired(delete_retired);
    start(mode);
}

void ShapedNode::start(const std::string& mode) {
    on_host([&] {
        module_ = std::make_unique<sdk::testing::ModuleUnderTest>(TERWAY_BANDWIDTH_TC, fake_);
        sdk::testing::ConfigTable config;
        config.string("mode", mode);
        module_->configure(config);
        module_->preflight();
        module_->start();
    });
}

void ShapedNode::restart(const std::string& mode) {
    on_host([&] { module_.reset(); });
    start(mode);
}

ShapedPod& ShapedNode::pod(PodKind kind, Family family) {
    auto& pod = pods_.emplace_back();
    const auto number = std::to_string(pods_.size());
    const bool v4 = family == Family::V4;
    pod.kind = kind;
    pod.endpoint = sdk::testing::EndpointBuilder("c0ffee0" + number, "eth0");
    pod.endpoint.netns(pod.netns.fd()).mtu(1500).host_ifname("cali0123456789" + number);
    const std::string subnet = (v4 ? "10.9." : "fd09:") + number + (v4 ? "." : "::");
    pod.address = IpAddress::parse(subnet + "2").value();
    pod.far = IpAddress::parse(subnet + "1").value();
    shell(pod.netns, "ip link set lo up");
    pod.made = sdk::sized<twy_attachment>();
    pod.made.mtu = 1500;
    switch (kind) {
        case PodKind::Veth:
            build_veth(pod, number, v4);
            break;
        case PodKind::Ipvlan:
            build_ipvlan(pod, number, v4);
            break;
        case PodKind::Exclusive:
            build_exclusive(pod, number, v4);
            break;
    }
    pod.endpoint.address(pod.address.text());
    pod.made.pod_ifindex = index_of(pod.netns, "eth0");
    shell(pod.netns, address_command(pod.address.text(), "eth0", v4) + "ip link set eth0 up");
    return pod;
}

void ShapedNode::build_veth(ShapedPod& pod, const std::string& /*number*/, bool v4) {
    const auto end = pod.endpoint.host_ifname();
    auto socket = netlink::Socket::in(host_.fd());
    netlink::VethEnd peer;
    peer.name = "eth0";
    peer.netns_fd = pod.netns.fd();
    netlink::VethEnd host;
    host.name = end;
    netlink::create_veth(socket, host, peer);
    shell(host_, address_command(pod.far.text(), end, v4) + "ip link set " + end + " up");
    pod.made.host_ifindex = index_of(host_, end);
    end.copy(pod.made.host_ifname, sizeof pod.made.host_ifname - 1);
    pod.far_netns = host_.fd();
}

void ShapedNode::build_ipvlan(ShapedPod& pod, const std::string& number, bool v4) {
    const auto eni = "eni" + number;
    auto socket = netlink::Socket::in(host_.fd());
    netlink::VethEnd here;
    here.name = eni;
    netlink::VethEnd far;
    far.name = "port" + number;
    far.netns_fd = vpc_.fd();
    netlink::create_veth(socket, here, far);
    shell(host_, "ip link set " + eni + " up");
    shell(vpc_, address_command(pod.far.text(), far.name, v4) + "ip link set " + far.name + " up");
    netlink::create_ipvlan(
        socket, {.name = "eth0", .parent = index_of(host_, eni), .netns_fd = pod.netns.fd()});
    pod.far_netns = vpc_.fd();
}

void ShapedNode::build_exclusive(ShapedPod& pod, const std::string& number, bool v4) {
    auto socket = netlink::Socket::in(pod.netns.fd());
    netlink::VethEnd nic;
    nic.name = "eth0";
    netlink::VethEnd port;
    port.name = "port" + number;
    port.netns_fd = vpc_.fd();
    netlink::create_veth(socket, nic, port);
    netlink::VethEnd side;
    side.name = "veth1";
    netlink::VethEnd host;
    host.name = pod.endpoint.host_ifname();
    host.netns_fd = host_.fd();
    netlink::create_veth(socket, side, host);
    shell(vpc_,
          address_command(pod.far.text(), port.name, v4) + "ip link set " + port.name + " up");
    shell(host_, "ip address add 10.8." + number + ".1/24 dev " + host.name + "; ip link set " +
                     host.name + " up");
    shell(pod.netns, "ip address add 10.8." + number + ".2/24 dev veth1; ip link set veth1 up");
    pod.made.side_ifindex = index_of(pod.netns, "veth1");
    pod.far_netns = vpc_.fd();
}

void ShapedNode::on_host(const std::function<void()>& body) const {
    const NetnsScope scope(host_.fd());
    body();
}

void ShapedNode::attach(ShapedPod& pod) {
    on_host([&] { module_->attach_qos(pod.endpoint, pod.made); });
}

void ShapedNode::detach(sdk::testing::EndpointBuilder& endpoint) {
    on_host([&] {
        module_->detach_qos(endpoint);
        (void)delete_retired();
    });
}

void ShapedNode::adopt(ShapedPod& pod) {
    on_host([&] { module_->adopt_qos(pod.endpoint, pod.made); });
}

twy_limits ShapedNode::observe(ShapedPod& pod) {
    twy_limits limits{};
    on_host([&] { limits = module_->observe_qos(pod.endpoint, pod.made); });
    return limits;
}

std::string ShapedNode::check(ShapedPod& pod) {
    try {
        on_host([&] { module_->check_qos(pod.endpoint, pod.made); });
        return {};
    } catch (const Error& error) {
        return error.what();
    }
}

}  // namespace terway::test
