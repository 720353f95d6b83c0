#include "routed/source_guard.hpp"

#include <netinet/in.h>

#include <linux/netfilter.h>

#include <cerrno>
#include <sstream>

#include "netlink/nft.hpp"
#include "netlink/ruleset.hpp"
#include "terway/error.hpp"

namespace terway::routed {
namespace {

netlink::NftKey key(const Pair& pair, const IpAddress& address) {
    netlink::NftKey made;
    made.ifname(pair.host_ifname).part(pair.pod_mac.bytes).part(address.bytes());
    return made;
}

struct Place {
    std::uint8_t family;
    std::string set;
    netlink::NftKey key;
};

// Where an endpoint's elements live.
std::vector<Place> places(const Pair& pair) {
    std::vector<Place> all;
    for (const auto& prefix : pair.addresses) {
        const auto& address = prefix.address();
        all.push_back(
            {NFPROTO_INET, address.is_v4() ? "sources4" : "sources6", key(pair, address)});
        if (address.is_v4()) {
            all.push_back({NFPROTO_ARP, "sources", key(pair, address)});
        }
    }
    return all;
}

std::string text(const Place& place, const std::string& table, const Pair& pair) {
    return "nftables set " + std::string(place.family == NFPROTO_ARP ? "arp" : "inet") + " " +
           table + " " + place.set + " lacks the element of " + pair.host_ifname;
}

}  // namespace

std::string source_guard_rules(const std::string& table, std::uint32_t link_group) {
    const auto group = std::to_string(link_group);
    const auto retired = std::to_string(TWY_RETIRED_LINK_GROUP);
    const auto inet = "inet " + table;
    const auto arp = "arp " + table;
    std::ostringstream out;
    // In chain "sources" what IPv4 needs comes first: most packets are TCP over it, and meet two
    // rules.
    out << "add set " << inet << " sources4 { type ifname . ether_addr . ipv4_addr; }\n"
        << "add set " << inet << " sources6 { type ifname . ether_addr . ipv6_addr; }\n"
        << "add chain " << inet << " sources\n"
        << "flush chain " << inet << " sources\n"
        << "add rule " << inet << " sources udp sport 67 udp dport 68 drop\n"
        << "add rule " << inet << " sources iifname . ether saddr . ip saddr @sources4 accept\n"
        << "add rule " << inet << " sources icmpv6 type { nd-router-advert, nd-redirect } drop\n"
        << "add rule " << inet << " sources udp sport 547 udp dport 546 drop\n"
        << "add rule " << inet << " sources iifname . ether saddr . ip6 saddr @sources6 accept\n"
        << "add rule " << inet << " sources counter drop\n"
        << "add chain " << inet << " prerouting { type filter hook prerouting priority -310; }\n"
        << "flush chain " << inet << " prerouting\n"
        << "add rule " << inet << " prerouting iifgroup " << group << " goto sources\n"
        << "add rule " << inet << " prerouting iifgroup " << retired << " drop\n"
        << "add table " << arp << "\n"
        << "add set " << arp << " sources { type ifname . ether_addr . ipv4_addr; }\n"
        << "add chain " << arp << " input { type filter hook input priority -310; }\n"
        << "flush chain " << arp << " input\n"
        << "add rule " << arp << " input iifgroup " << group
        << " iifname . arp saddr ether . arp saddr ip != @sources counter drop\n"
        << "add rule " << arp << " input iifgroup " << retired << " drop\n";
    return out.str();
}

void admit(netlink::Socket& nft, const std::string& table, const Pair& pair) {
    netlink::NftBatch batch;
    for (const auto& place : places(pair)) {
        batch.add_element(place.family, table, place.set, place.key);
    }
    batch.commit(nft, "admit the addresses of " + pair.host_ifname);
}

void expel(netlink::Socket& nft, const std::string& table, const Pair& pair) {
    const auto what = "expel the addresses of " + pair.host_ifname;
    const auto all = places(pair);
    try {
        netlink::NftBatch batch;
        for (const auto& place : all) {
            batch.delete_element(place.family, table, place.set, place.key);
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
            one.delete_element(place.family, table, place.set, place.key);
            one.commit(nft, what);
        } catch (const Error& error) {
            if (error.sys_errno() != ENOENT) {
                throw;
            }
        }
    }
}

void verify_admitted(netlink::Socket& nft, const std::string& table, const Pair& pair) {
    for (const auto& place : places(pair)) {
        if (!netlink::nft_has_element(nft, place.family, table, place.set, place.key)) {
            throw Error(Status::Internal, text(place, table, pair));
        }
    }
}

void remove_tables(const std::string& table) {
    netlink::unload_ruleset(table, "delete table inet " + table);
    netlink::unload_ruleset(table, "delete table arp " + table);
}

void admit_or_restore(netlink::Socket& nft, const std::string& table, const Pair& pair,
                      const std::string& ruleset) {
    try {
        admit(nft, table, pair);
    } catch (const Error& error) {
        if (error.sys_errno() != ENOENT) {
            throw;
        }
        netlink::load_ruleset(table, ruleset);
        admit(nft, table, pair);
    }
}

void restore_if_changed(netlink::Socket& nft, const std::string& table,
                        const std::string& ruleset) {
    try {
        netlink::verify_ruleset(nft, table, ruleset);
    } catch (const Error&) {
        netlink::load_ruleset(table, ruleset);
    }
}

}  // namespace terway::routed
