#include "netlink/pod_nic.hpp"

#include <algorithm>

#include "netlink/nic.hpp"
#include "netlink/route.hpp"
#include "netlink/sysctl.hpp"
#include "terway/error.hpp"

namespace terway::netlink {
namespace {

std::vector<Prefix> missing(Socket& socket, const PodNic& nic, const Link& link) {
    const auto found = addresses(socket, link.index);
    std::vector<Prefix> all;
    std::copy_if(nic.addresses.begin(), nic.addresses.end(), std::back_inserter(all),
                 [&](const Prefix& wanted) {
                     return std::none_of(found.begin(), found.end(), [&](const Prefix& each) {
                         return each.address() == wanted.address();
                     });
                 });
    return all;
}

}  // namespace

bool PodNic::has(Family family) const {
    return std::any_of(subnets.begin(), subnets.end(),
                       [&](const Prefix& subnet) { return subnet.family() == family; });
}

PodNic pod_nic(const sdk::EniView& eni, const std::vector<IpAddress>& node, std::uint32_t mtu) {
    PodNic nic;
    nic.id = eni.id();
    nic.ifindex = eni.ifindex();
    std::copy(eni.mac().begin(), eni.mac().end(), nic.mac.bytes.begin());
    nic.mtu = mtu;
    for (const auto& raw : eni.subnets()) {
        nic.subnets.push_back(Prefix::from_abi(raw).network());
    }
    for (const auto& address : node) {
        if (nic.has(address.family())) {
            nic.addresses.push_back(Prefix::host(address));
        }
    }
    return nic;
}

std::string text(const PodNic& nic, const Link& link) {
    return "ENI " + nic.id + " (" + link.name + ")";
}

Link required_link(Socket& socket, const PodNic& nic) {
    auto link = find_nic_at(socket, nic.ifindex, nic.mac);
    if (!link) {
        throw Error(Status::Gone, "ENI " + nic.id + " has no link with index " +
                                      std::to_string(nic.ifindex) + " and MAC " + nic.mac.text());
    }
    return *link;
}

void own_link(Socket& socket, const PodNic& nic, const Link& link) {
    const auto conf = "net/ipv6/conf/" + link.name + "/";
    if (nic.has_v6()) {
        write_sysctl(conf + "disable_ipv6", "0");
        write_sysctl(conf + "forwarding", "1");
    }
    (void)try_write_sysctl(conf + "accept_ra", "0");
    if (!link.up || link.mtu != nic.mtu) {
        change_link(socket, link.index, {.up = true, .mtu = nic.mtu});
    }
    for (const auto& address : missing(socket, nic, link)) {
        ensure_address(socket, link.index, address);
    }
    // Last: a link that loses its only IPv4 address loses its routes with it.
    remove_foreign_addresses(socket, link.index, nic.subnets, nic.addresses);
}

void check_owned(Socket& socket, const PodNic& nic, const Link& link) {
    if (link.mtu != nic.mtu) {
        throw Error(Status::Internal, text(nic, link) + " has MTU " + std::to_string(link.mtu) +
                                          ", not " + std::to_string(nic.mtu));
    }
    const auto lacking = missing(socket, nic, link);
    if (!lacking.empty()) {
        throw Error(Status::Internal,
                    text(nic, link) + " lacks the node's address " + lacking.front().text());
    }
}

void disown_link(Socket& socket, const PodNic& nic, const Link& link) {
    for (const auto& address : nic.addresses) {
        remove_address(socket, link.index, address);
    }
}

}  // namespace terway::netlink
