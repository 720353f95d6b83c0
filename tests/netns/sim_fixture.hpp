// A fabric of two nodes, a and b, with what tests do to it.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/netns.hpp"
#include "netlink/link.hpp"
#include "netlink/route.hpp"
#include "patience.hpp"
#include "sim/await.hpp"
#include "sim/fabric.hpp"
#include "sim_names.hpp"
#include "traffic.hpp"

namespace terway::sim {

using test::eventually;
using test::patience;
using test::Tap;
using test::Udp;

inline constexpr const char* kPrefix = "simtest-";
inline constexpr std::uint16_t kPort = 9;
inline constexpr auto kShort = std::chrono::milliseconds(300);

inline IpAddress ip(const std::string& text) {
    return IpAddress::parse(text).value();
}
inline Prefix prefix(const std::string& text) {
    return Prefix::parse(text).value();
}

inline EniRequest in_vswitch(const std::string& id, const std::string& v4,
                             const std::string& v6 = {}) {
    EniRequest request;
    request.id = id;
    request.vswitch = "vsw";
    request.primary = ip(v4);
    if (!v6.empty()) {
        request.ipv6 = {ip(v6)};
    }
    return request;
}

inline Model two_nodes(Vpc vpc = {prefix("10.0.0.0/8"), prefix("fd00:10::/56")}) {
    Model model(vpc);
    model.add_vswitch({"vsw", prefix("10.0.0.0/24"), prefix("fd00:10::/64")});
    model.add_instance({"i-a", "a"}, in_vswitch("eni-a", "10.0.0.10", "fd00:10::10"));
    model.add_instance({"i-b", "b"}, in_vswitch("eni-b", "10.0.0.11", "fd00:10::11"));
    return model;
}

inline void route_pods(Model& model) {
    for (const char* number : {"1", "2"}) {
        const std::string instance = number[0] == '1' ? "i-a" : "i-b";
        const NextHop hop{NextHop::Kind::Instance, instance};
        model.add_route({prefix("172.20." + std::string(number) + ".0/24"), hop});
        model.add_route({prefix("fd00:20:" + std::string(number) + "::/64"), hop});
    }
}

class SimFabric : public ::testing::Test {
protected:
    static void SetUpTestSuite() { test::remove_orphans(kPrefix); }

    const std::string name_ = kPrefix + std::to_string(::getpid());
    Model model_ = two_nodes();
    std::unique_ptr<Fabric> fabric_ = std::make_unique<Fabric>(name_);

    [[nodiscard]] Netns space(const std::string& node) const {
        return Netns::open(fabric_->netns_path(node));
    }

    [[nodiscard]] Udp udp(const std::string& node, const std::string& address,
                          bool foreign = false) const {
        return {space(node).fd(), ip(address), kPort, foreign};
    }

    // Whether a datagram from one node's address arrives at another's, with the source it began
    // with.
    [[nodiscard]] bool reaches(const std::string& from_node, const std::string& from,
                               const std::string& to_node, const std::string& to,
                               std::chrono::milliseconds limit = patience()) const {
        const Udp receiver = udp(to_node, to, true);
        const Udp sender = udp(from_node, from, true);
        sender.send(ip(to), kPort, "hello");
        const auto got = receiver.receive(limit);
        return got && got->from == ip(from) && got->text == "hello";
    }

    [[nodiscard]] std::uint64_t dropped(const std::string& reason, const std::string& eni) const {
        for (const auto& drop : drops(name_)) {
            if (drop.reason == reason && drop.eni == eni) {
                return drop.packets;
            }
        }
        return 0;
    }

    [[nodiscard]] bool drops_one(const std::string& reason, const std::string& eni) const {
        return eventually([&] { return dropped(reason, eni) >= 1; });
    }

    // What the node has learned about a neighbour.
    [[nodiscard]] std::optional<Mac> neighbour(const std::string& node,
                                               const std::string& address) const {
        auto socket = netlink::Socket::in(space(node).fd());
        const auto index = netlink::find_link(socket, "eth0").value().index;
        for (const auto& entry : netlink::neighbours(socket, ip(address).family(), index)) {
            if (entry.address == ip(address) && entry.mac != Mac{}) {
                return entry.mac;
            }
        }
        return std::nullopt;
    }

    [[nodiscard]] bool resolves(const std::string& node, const std::string& from,
                                const std::string& address,
                                std::chrono::milliseconds limit = std::chrono::seconds(5)) const {
        udp(node, from).send(ip(address), kPort, "who are you?");
        return eventually([&] { return neighbour(node, address) == kVpcMac; }, limit);
    }

    // Brings a bare NIC up in its node, as a CNI plugin would.
    void raise(const std::string& node, const std::string& nic) const {
        auto socket = netlink::Socket::in(space(node).fd());
        netlink::LinkChange up;
        up.up = true;
        netlink::change_link(socket, netlink::find_link(socket, nic).value().index, up);
        await_running(space(node).fd(), nic, after(patience()));
        const auto name = netlink::find_link(socket, nic).value().mac.text().substr(9);
        await_running(space("fabric").fd(),
                      "eni-" + name.substr(0, 2) + name.substr(3, 2) + name.substr(6, 2),
                      after(patience()));
    }

    [[nodiscard]] std::optional<netlink::Link> nic(const std::string& node,
                                                   const std::string& name) const {
        auto socket = netlink::Socket::in(space(node).fd());
        return netlink::find_link(socket, name);
    }
};

// A pod behind a node, reached by a host route.
class Pod {
public:
    Pod(int node_fd, const std::vector<std::string>& addresses) {
        auto node = netlink::Socket::in(node_fd);
        auto pod = netlink::Socket::in(netns_.fd());
        netlink::VethEnd end;
        end.name = "pod0";
        netlink::VethEnd peer;
        peer.name = "eth0";
        peer.netns_fd = netns_.fd();
        netlink::create_veth(node, end, peer);
        const auto outer = netlink::find_link(node, "pod0").value();
        const auto inner = netlink::find_link(pod, "eth0").value();
        netlink::LinkChange up;
        up.up = true;
        netlink::change_link(node, outer.index, up);
        netlink::change_link(pod, inner.index, up);
        await_running(node_fd, "pod0", after(patience()));
        await_running(netns_.fd(), "eth0", after(patience()));
        for (const auto& address : addresses) {
            connect(node, outer, pod, inner, ip(address));
            await_local(netns_.fd(), ip(address), after(patience()));
        }
    }

    [[nodiscard]] int fd() const { return netns_.fd(); }

private:
    static void connect(netlink::Socket& node, const netlink::Link& outer, netlink::Socket& pod,
                        const netlink::Link& inner, const IpAddress& address) {
        const auto gateway = ip(address.is_v4() ? "169.254.1.1" : "fe80::1:1");
        netlink::ensure_address(pod, inner.index, Prefix::host(address));
        netlink::ensure_neighbour(pod, {inner.index, gateway, outer.mac, true});
        netlink::ensure_neighbour(node, {outer.index, address, inner.mac, true});
        netlink::Route out;
        out.destination = prefix(address.is_v4() ? "0.0.0.0/0" : "::/0");
        out.gateway = gateway;
        out.oif = inner.index;
        out.onlink = true;
        netlink::ensure_route(pod, out);
        netlink::Route in;
        in.destination = Prefix::host(address);
        in.oif = outer.index;
        in.scope = RT_SCOPE_LINK;
        netlink::ensure_route(node, in);
    }

    Netns netns_ = Netns::create();
};

// Whether a datagram passes between sockets, with its source unchanged.
inline bool passes(const Udp& from, const IpAddress& source, const Udp& to,
                   const IpAddress& address, std::chrono::milliseconds limit = patience()) {
    from.send(address, kPort, "hello");
    const auto got = to.receive(limit);
    return got && got->from == source;
}

}  // namespace terway::sim
