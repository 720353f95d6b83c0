#include "eni.hpp"

#include <string>
#include <vector>

#include "netlink/nic.hpp"
#include "netlink/route.hpp"
#include "netlink/sysctl.hpp"
#include "netlink/tc.hpp"
#include "proxies.hpp"
#include "terway/error.hpp"

namespace terway::ipvlan {
namespace {

using netlink::Hook;
using netlink::Link;
using netlink::Socket;

constexpr const char* kLooseReversePath = "2";
constexpr const char* kOnlyOwnAddresses = "1";

[[noreturn]] void fault(const EniPlan& plan, const Link& eni, const std::string& what) {
    throw Error(Status::Internal, netlink::text(plan, eni) + " " + what);
}

// The slave answers for pods of other dataplanes, at once, and for nobody else.
void set_sysctls(const EniPlan& plan) {
    netlink::write_sysctl("net/ipv4/conf/" + plan.slave + "/arp_ignore", kOnlyOwnAddresses);
    netlink::write_sysctl("net/ipv4/neigh/" + plan.slave + "/proxy_delay", "0");
    const auto conf = "net/ipv6/conf/" + plan.slave + "/";
    if (plan.has_v6()) {
        netlink::write_sysctl(conf + "disable_ipv6", "0");
        netlink::write_sysctl(conf + "forwarding", "1");
        netlink::write_sysctl(conf + "proxy_ndp", "1");
        netlink::write_sysctl("net/ipv6/neigh/" + plan.slave + "/proxy_delay", "0");
    }
    (void)netlink::try_write_sysctl(conf + "accept_ra", "0");
}

Link ensure_slave(Socket& socket, const EniPlan& plan) {
    auto slave = find_host_slave(socket, plan.ifindex);
    if (!slave) {
        // A link of that name is a stranger's.
        netlink::create_ipvlan(socket,
                               {.name = plan.slave, .parent = plan.ifindex, .mtu = plan.mtu});
        slave = find_host_slave(socket, plan.ifindex);
        if (!slave) {
            throw Error(Status::Gone, "link " + plan.slave + " vanished while being made");
        }
    }
    set_sysctls(plan);
    if (slave->up && slave->arp && slave->mtu == plan.mtu) {
        return *slave;
    }
    netlink::change_link(socket, slave->index, {.no_ipv6_link_local = true});
    netlink::change_link(socket, slave->index, {.up = true, .arp = true, .mtu = plan.mtu});
    return *slave;
}

void remove_addresses(Socket& socket, const Link& slave) {
    for (const auto& address : netlink::addresses(socket, slave.index)) {
        netlink::remove_address(socket, slave.index, address);
    }
}

void ensure_steering(Socket& socket, const EniPlan& plan, const Link& slave) {
    netlink::ensure_clsact(socket, plan.ifindex);
    const auto needed =
        change(netlink::filters(socket, plan.ifindex, Hook::Egress), steering(plan, slave.index));
    for (const auto& filter : needed.remove) {
        (void)netlink::remove_filter(socket, plan.ifindex, filter);
    }
    for (const auto& filter : needed.add) {
        netlink::add_filter(socket, plan.ifindex, filter);
    }
}

void check_steering(Socket& socket, const EniPlan& plan, const Link& eni, const Link& slave) {
    const auto needed =
        change(netlink::filters(socket, plan.ifindex, Hook::Egress), steering(plan, slave.index));
    if (!needed.add.empty()) {
        fault(plan, eni,
              "lacks the filter that steers " + needed.add.front().destination->text() +
                  " to the host");
    }
    if (!needed.remove.empty()) {
        fault(plan, eni,
              "has a filter too many with priority " +
                  std::to_string(needed.remove.front().priority));
    }
}

}  // namespace

std::optional<Link> find_host_slave(Socket& socket, std::uint32_t eni_ifindex) {
    auto slave = netlink::find_link(socket, host_slave_name(eni_ifindex));
    const bool ours = slave && slave->kind == "ipvlan" && slave->peer_index == eni_ifindex;
    return ours ? slave : std::nullopt;
}

void prepare_eni(Socket& socket, const EniPlan& plan, bool uplink) {
    const Link eni = netlink::required_link(socket, plan);
    netlink::write_sysctl("net/ipv4/conf/" + eni.name + "/rp_filter", kLooseReversePath);
    if (!uplink) {
        netlink::own_link(socket, plan, eni);
    }
    const Link slave = ensure_slave(socket, plan);
    remove_addresses(socket, slave);
    ensure_steering(socket, plan, slave);
    ensure_proxies(socket, plan, slave.index);
}

void check_eni(Socket& socket, const EniPlan& plan, bool uplink) {
    const Link eni = netlink::required_link(socket, plan);
    if (!eni.up) {
        fault(plan, eni, "is down");
    }
    if (!uplink) {
        netlink::check_owned(socket, plan, eni);
    }
    const auto slave = find_host_slave(socket, plan.ifindex);
    if (!slave || !slave->up || !slave->arp) {
        fault(plan, eni, "lacks its link " + plan.slave + ", or it is down or without ARP");
    }
    check_steering(socket, plan, eni, *slave);
    check_proxies(socket, plan, slave->index);
}

void forget_eni(Socket& socket, const EniPlan& plan, bool uplink) {
    // Slaves go with their ENI.
    const auto eni = netlink::find_nic_at(socket, plan.ifindex, plan.mac);
    if (!eni) {
        return;
    }
    bool shared = !netlink::filters(socket, eni->index, Hook::Ingress).empty();
    for (const auto& filter : netlink::filters(socket, eni->index, Hook::Egress)) {
        if (is_steering(filter)) {
            (void)netlink::remove_filter(socket, eni->index, filter);
        } else {
            shared = true;
        }
    }
    if (!shared) {
        (void)netlink::remove_clsact(socket, eni->index);
    }
    if (const auto slave = find_host_slave(socket, eni->index)) {
        (void)netlink::remove_link(socket, slave->index);
    }
    if (!uplink) {
        netlink::disown_link(socket, plan, *eni);
    }
}

}  // namespace terway::ipvlan
