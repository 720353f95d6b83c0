#include "sim/services.hpp"

#include <chrono>
#include <string>

#include "netlink/link.hpp"
#include "netlink/route.hpp"
#include "sim/await.hpp"
#include "sim/hop.hpp"
#include "sim/plan.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

constexpr auto kLinkLimit = std::chrono::seconds(10);
constexpr const char* kFarLink = "vpc";
constexpr Mac kServicesMac{{0x02, 0, 0, 0, 0, 0x04}};

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

}  // namespace

Services::Services(Registration& registration, const Netns& fabric, netlink::Socket& fabric_socket)
    : netns_(registration.create_netns("cloud")) {
    auto socket = netlink::Socket::in(netns_.fd());
    netlink::VethEnd end;
    end.name = kServices;
    end.mac = kVpcMac;
    netlink::VethEnd peer;
    peer.name = kFarLink;
    peer.mac = kServicesMac;
    peer.netns_fd = netns_.fd();
    netlink::create_veth(fabric_socket, end, peer);
    ensure_far_end(fabric_socket, bring_up(fabric_socket, kServices), kServicesMac);
    const auto link = bring_up(socket, kFarLink);
    ensure_far_end(socket, link, kVpcMac);
    for (const char* address : {kOpenApiAddress, kMetadataAddress, kKubeAddress}) {
        netlink::ensure_address(socket, link, Prefix::host(*IpAddress::parse(address)));
    }
    netlink::ensure_route(socket, through(*Prefix::parse("0.0.0.0/0"), link));
    await_running(fabric.fd(), kServices, after(kLinkLimit));
    await_running(netns_.fd(), kFarLink, after(kLinkLimit));
}

}  // namespace terway::sim
