#include "guard.hpp"

#include <netinet/in.h>

#include <linux/netfilter.h>

#include <cerrno>
#include <sstream>
#include <utility>

#include "netlink/nft.hpp"
#include "netlink/ruleset.hpp"
#include "return_path.hpp"
#include "terway/error.hpp"

namespace terway::veth {
namespace {

constexpr const char* kTable = "terway-veth";

std::string list(const std::vector<Prefix>& prefixes, Family family) {
    std::string out;
    for (const auto& prefix : prefixes) {
        if (prefix.family() == family) {
            out += (out.empty() ? "" : ", ") + prefix.network().text();
        }
    }
    return out;
}

void guard_rules(std::ostream& out) {
    const auto group = std::to_string(kLinkGroup);
    const auto retired = std::to_string(TWY_RETIRED_LINK_GROUP);
    out << "add set inet terway-veth sources4 { type ifname . ether_addr . ipv4_addr; }\n"
           "add set inet terway-veth sources6 { type ifname . ether_addr . ipv6_addr; }\n"
           "add chain inet terway-veth sources\n"
           "flush chain inet terway-veth sources\n"
           "add rule inet terway-veth sources icmpv6 type { nd-router-advert, nd-redirect } drop\n"
           "add rule inet terway-veth sources udp sport 67 udp dport 68 drop\n"
           "add rule inet terway-veth sources udp sport 547 udp dport 546 drop\n"
           "add rule inet terway-veth sources iifname . ether saddr . ip saddr @sources4 accept\n"
           "add rule inet terway-veth sources iifname . ether saddr . ip6 saddr @sources6 accept\n"
           "add rule inet terway-veth sources counter drop\n"
           "add chain inet terway-veth prerouting { type filter hook prerouting priority -310; }\n"
           "flush chain inet terway-veth prerouting\n"
           "add rule inet terway-veth prerouting iifgroup "
        << group
        << " goto sources\n"
           "add rule inet terway-veth prerouting iifgroup "
        << retired
        << " drop\n"
           "add table arp terway-veth\n"
           "add set arp terway-veth sources { type ifname . ether_addr . ipv4_addr; }\n"
           "add chain arp terway-veth input { type filter hook input priority -310; }\n"
           "flush chain arp terway-veth input\n"
           "add rule arp terway-veth input iifgroup "
        << group
        << " iifname . arp saddr ether . arp saddr ip != @sources counter drop\n"
           "add rule arp terway-veth input iifgroup "
        << retired << " drop\n";
}

void masquerade_rules(std::ostream& out, const Masquerade& masquerade) {
    if (masquerade.pods.empty()) {
        return;
    }
    out << "add chain inet terway-veth postrouting { type nat hook postrouting priority srcnat; }\n"
           "flush chain inet terway-veth postrouting\n";
    for (const auto family : {Family::V4, Family::V6}) {
        const auto* word = family == Family::V4 ? "ip" : "ip6";
        const auto pods = list(masquerade.pods, family);
        const auto cluster = list(masquerade.cluster, family);
        if (pods.empty()) {
            continue;
        }
        out << "add rule inet terway-veth postrouting " << word << " saddr { " << pods << " } ";
        if (!cluster.empty()) {
            out << word << " daddr != { " << cluster << " } ";
        }
        out << "masquerade fully-random\n";
    }
}

// One bit, for kube-proxy and policy modules have theirs.
void marking_rules(std::ostream& out, const std::string& uplink) {
    const auto mark = std::to_string(kReturnMark);
    out << "add chain inet terway-veth marking { type filter hook prerouting priority mangle; }\n"
           "flush chain inet terway-veth marking\n"
           "add rule inet terway-veth marking iifname \""
        << uplink << "\" ct state new ct mark set ct mark or " << mark
        << "\nadd rule inet terway-veth marking iifgroup " << std::to_string(kLinkGroup)
        << " ct direction reply ct mark and " << mark << " == " << mark
        << " meta mark set meta mark or " << mark << "\n";
}

netlink::NftKey key(const Plan& plan, const IpAddress& address) {
    netlink::NftKey made;
    made.ifname(plan.host_ifname).part(plan.pod_mac.bytes).part(address.bytes());
    return made;
}

struct Place {
    std::uint8_t family;
    std::string set;
    netlink::NftKey key;
};

// Where an endpoint's elements live.
std::vector<Place> places(const Plan& plan) {
    std::vector<Place> all;
    for (const auto& prefix : plan.addresses) {
        const auto& address = prefix.address();
        all.push_back(
            {NFPROTO_INET, address.is_v4() ? "sources4" : "sources6", key(plan, address)});
        if (address.is_v4()) {
            all.push_back({NFPROTO_ARP, "sources", key(plan, address)});
        }
    }
    return all;
}

std::string text(const Place& place, const Plan& plan) {
    return "nftables set " + std::string(place.family == NFPROTO_ARP ? "arp" : "inet") + " " +
           kTable + " " + place.set + " lacks the element of " + plan.host_ifname;
}

}  // namespace

std::string ruleset(bool guard, const Masquerade& masquerade, const std::string& marked_uplink) {
    std::ostringstream out;
    out << "add table inet terway-veth\n";
    if (guard) {
        guard_rules(out);
    }
    masquerade_rules(out, masquerade);
    if (!marked_uplink.empty()) {
        marking_rules(out, marked_uplink);
    }
    return out.str();
}

void load_ruleset(const std::string& text) {
    netlink::load_ruleset(kTable, text);
}

void remove_marking() {
    netlink::unload_ruleset(kTable, "delete chain inet terway-veth marking");
}

void remove_masquerade() {
    netlink::unload_ruleset(kTable, "delete chain inet terway-veth postrouting");
}

void remove_tables() {
    netlink::unload_ruleset(kTable, "delete table inet terway-veth");
    netlink::unload_ruleset(kTable, "delete table arp terway-veth");
}

void admit(netlink::Socket& nft, const Plan& plan) {
    netlink::NftBatch batch;
    for (const auto& place : places(plan)) {
        batch.add_element(place.family, kTable, place.set, place.key);
    }
    batch.commit(nft, "admit the addresses of " + plan.host_ifname);
}

void expel(netlink::Socket& nft, const Plan& plan) {
    const auto what = "expel the addresses of " + plan.host_ifname;
    const auto all = places(plan);
    try {
        netlink::NftBatch batch;
        for (const auto& place : all) {
            batch.delete_element(place.family, kTable, place.set, place.key);
        }
        batch.commit(nft, what);
        return;
    } catch (const Error& error) {
        if (error.sys_errno() != ENOENT) {
            throw;
        }
    }
    // Some are gone already: one by one.
    for (const auto& place : all) {
        try {
            netlink::NftBatch one;
            one.delete_element(place.family, kTable, place.set, place.key);
            one.commit(nft, what);
        } catch (const Error& error) {
            if (error.sys_errno() != ENOENT) {
                throw;
            }
        }
    }
}

void verify_rules(netlink::Socket& nft, const std::string& expected_ruleset) {
    netlink::verify_ruleset(nft, kTable, expected_ruleset);
}

void verify(netlink::Socket& nft, const Plan& plan, const std::string& expected_ruleset) {
    verify_rules(nft, expected_ruleset);
    if (netlink::rules_in_text(expected_ruleset, "arp") == 0) {
        return;  // no guard
    }
    for (const auto& place : places(plan)) {
        if (!netlink::nft_has_element(nft, place.family, kTable, place.set, place.key)) {
            throw Error(Status::Internal, text(place, plan));
        }
    }
}

}  // namespace terway::veth
