// A dataplane in its simplest form: one veth pair a pod, routed by the host, nothing else.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <terway/module.hpp>
#include <vector>

#include "base/address.hpp"
#include "netlink/link.hpp"
#include "netlink/route.hpp"

namespace example {

using terway::Error;
using terway::Family;
using terway::IpAddress;
using terway::Mac;
using terway::Prefix;
using terway::Status;
using terway::sdk::Call;
using terway::sdk::EndpointView;
namespace netlink = terway::netlink;

// The pod's next hop: any address no one else has; a permanent neighbour says that the host's end
// answers to it.
inline IpAddress next_hop(Family family) {
    return *IpAddress::parse(family == Family::V4 ? "169.254.1.1" : "fe80::1");
}

// Marks the host's ends as ours: a detach of an endpoint that nobody remembers goes to every
// dataplane of the profile, and each takes down what it has made.
inline constexpr std::uint32_t kLinkGroup = 0x45584d31;

inline std::vector<Prefix> addresses_of(const EndpointView& endpoint) {
    std::vector<Prefix> all;
    for (const auto& raw : endpoint.addresses()) {
        all.push_back(Prefix::from_abi(raw));
    }
    return all;
}

class Routed : public terway::sdk::Module, public terway::sdk::Dataplane {
public:
    using Module::Module;

    void configure(terway::sdk::Config& config) override {
        mtu_ = static_cast<std::uint32_t>(config.integer("mtu", 1500, 576, 65535));
    }

    twy_attachment attach(const Call& call, const EndpointView& endpoint) override {
        if (endpoint.netns_fd() < 0) {
            throw Error(Status::Gone, "the sandbox is gone");
        }
        netlink::Socket host;
        auto pod = netlink::Socket::in(endpoint.netns_fd());
        // A leftover of the same key, perhaps retired but not yet deleted, holds the name.
        const std::string name(endpoint.host_ifname());
        (void)netlink::remove_link(host, name);
        netlink::VethEnd host_end;
        host_end.name = name;
        host_end.mtu = mtu(endpoint);
        host_end.group = kLinkGroup;
        netlink::VethEnd pod_end;
        pod_end.name = endpoint.ifname();
        pod_end.mtu = mtu(endpoint);
        pod_end.netns_fd = endpoint.netns_fd();
        netlink::create_veth(host, host_end, pod_end);
        const auto link = must_find(host, name);
        const auto in_pod = must_find(pod, pod_end.name);
        // After a restart the sandbox may be out of reach; the daemon keeps this for us.
        call.put_state(in_pod.mac.text());
        for (const auto& address : addresses_of(endpoint)) {
            netlink::ensure_address(pod, in_pod.index, address);
        }
        return attachment(endpoint, link, in_pod.mac);
    }

    void activate(const Call&, const EndpointView& endpoint, const twy_attachment& made) override {
        Mac pod_mac;
        std::copy(std::begin(made.pod_mac), std::end(made.pod_mac), pod_mac.bytes.begin());
        netlink::Socket host;
        bring_up_host(host, endpoint, made.host_ifindex, pod_mac);
        bring_up_pod(endpoint, made.pod_ifindex, must_find(host, made.host_ifname).mac);
    }

    void detach(const Call& call, const EndpointView& endpoint) override {
        netlink::Socket host;
        const auto link = netlink::find_link(host, std::string(endpoint.host_ifname()));
        if (link && link->group == kLinkGroup) {
            // Down, so that its routes and neighbours go at once and the link later.
            netlink::LinkChange down;
            down.up = false;
            netlink::change_link(host, link->index, down);
            call.retire_link(link->index);
        }
    }

    void check(const Call&, const EndpointView& endpoint) override {
        netlink::Socket host;
        const auto link = must_find(host, std::string(endpoint.host_ifname()));
        if (!link.up) {
            throw Error(Status::Internal, "link " + link.name + " is down");
        }
        const auto pod_mac = Mac::parse(endpoint.state()).value_or(Mac{});
        for (const auto& address : addresses_of(endpoint)) {
            expect_route(host, address, link.index);
            expect_neighbour(host, {link.index, address.address(), pod_mac});
        }
        if (endpoint.netns_fd() < 0) {
            return;
        }
        auto pod = netlink::Socket::in(endpoint.netns_fd());
        const auto in_pod = must_find(pod, std::string(endpoint.ifname()));
        const auto present = netlink::addresses(pod, in_pod.index);
        for (const auto& address : addresses_of(endpoint)) {
            if (std::find(present.begin(), present.end(), address) == present.end()) {
                throw Error(Status::Internal, "the pod has lost address " + address.text());
            }
            const auto family = address.family();
            expect_route(pod, everything(family), in_pod.index);
            expect_neighbour(pod, {in_pod.index, next_hop(family), link.mac});
        }
    }

    twy_attachment adopt(const Call&, const EndpointView& endpoint) override {
        netlink::Socket host;
        const auto link = netlink::find_link(host, std::string(endpoint.host_ifname()));
        const auto pod_mac = Mac::parse(endpoint.state());
        if (!link || !pod_mac) {
            throw Error(Status::Gone, "link " + std::string(endpoint.host_ifname()) + " is gone");
        }
        bring_up_host(host, endpoint, link->index, *pod_mac);
        if (endpoint.netns_fd() >= 0) {
            bring_up_pod(endpoint, link->peer_index, link->mac);
        }
        return attachment(endpoint, *link, *pod_mac);
    }

private:
    static Prefix everything(Family family) {
        return *Prefix::parse(family == Family::V4 ? "0.0.0.0/0" : "::/0");
    }

    [[nodiscard]] std::uint32_t mtu(const EndpointView& endpoint) const {
        return endpoint.mtu() != 0 ? endpoint.mtu() : mtu_;
    }

    static netlink::Link must_find(netlink::Socket& socket, const std::string& name) {
        const auto found = netlink::find_link(socket, name);
        if (!found) {
            throw Error(Status::Internal, "link " + name + " does not exist");
        }
        return *found;
    }

    static void expect_route(netlink::Socket& socket, const Prefix& to, std::uint32_t oif) {
        const auto found = netlink::find_route(socket, to);
        if (!found || found->oif != oif) {
            throw Error(Status::Internal, "the route to " + to.text() + " is missing");
        }
    }

    static void expect_neighbour(netlink::Socket& socket, const netlink::Neighbour& wanted) {
        const auto all = netlink::neighbours(socket, wanted.address.family(), wanted.ifindex);
        if (std::find(all.begin(), all.end(), wanted) == all.end()) {
            throw Error(Status::Internal, "neighbour " + wanted.address.text() + " is missing");
        }
    }

    static void bring_up(netlink::Socket& socket, std::uint32_t index) {
        netlink::LinkChange change;
        change.up = true;
        netlink::change_link(socket, index, change);
    }

    static void bring_up_host(netlink::Socket& host, const EndpointView& endpoint,
                              std::uint32_t index, const Mac& pod_mac) {
        bring_up(host, index);
        for (const auto& address : addresses_of(endpoint)) {
            netlink::Route route;
            route.destination = address;
            route.oif = index;
            route.scope = RT_SCOPE_LINK;
            netlink::ensure_route(host, route);
            netlink::ensure_neighbour(host, {index, address.address(), pod_mac});
        }
    }

    static void bring_up_pod(const EndpointView& endpoint, std::uint32_t index,
                             const Mac& host_mac) {
        auto pod = netlink::Socket::in(endpoint.netns_fd());
        bring_up(pod, index);
        for (const auto& address : addresses_of(endpoint)) {
            const auto gateway = next_hop(address.family());
            netlink::ensure_address(pod, index, address);
            netlink::ensure_neighbour(pod, {index, gateway, host_mac});
            netlink::Route route;
            route.destination = everything(address.family());
            route.gateway = gateway;
            route.oif = index;
            route.onlink = true;
            netlink::ensure_route(pod, route);
        }
    }

    [[nodiscard]] static twy_attachment attachment(const EndpointView& endpoint,
                                                   const netlink::Link& host, const Mac& pod_mac) {
        auto made = terway::sdk::sized<twy_attachment>();
        made.host_ifindex = host.index;
        made.pod_ifindex = host.peer_index;
        made.mtu = host.mtu;
        std::copy(pod_mac.bytes.begin(), pod_mac.bytes.end(), made.pod_mac);
        std::copy(host.mac.bytes.begin(), host.mac.bytes.end(), made.host_mac);
        host.name.copy(made.host_ifname, sizeof made.host_ifname - 1);
        for (const auto& address : addresses_of(endpoint)) {
            made.gateways[made.gateway_count++] = Prefix::host(next_hop(address.family())).to_abi();
        }
        return made;
    }

    std::uint32_t mtu_ = 1500;
};

}  // namespace example
