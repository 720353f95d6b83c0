#include "guard.hpp"

#include <netinet/in.h>
#include <nftables/libnftables.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <array>
#include <memory>
#include <sstream>

#include "netlink/nft.hpp"
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

void run(const std::string& commands, bool tolerate_missing) {
    const std::unique_ptr<nft_ctx, void (*)(nft_ctx*)> context(nft_ctx_new(NFT_CTX_DEFAULT),
                                                               nft_ctx_free);
    if (!context || nft_ctx_buffer_error(context.get()) != 0 ||
        nft_ctx_buffer_output(context.get()) != 0) {
        throw system_error("prepare libnftables", ENOMEM);
    }
    if (nft_run_cmd_from_buffer(context.get(), commands.c_str()) == 0) {
        return;
    }
    std::string reason = nft_ctx_get_error_buffer(context.get());
    if (tolerate_missing && reason.find("No such file or directory") != std::string::npos) {
        return;
    }
    reason = reason.substr(0, reason.find('\n'));
    throw Error(Status::Internal, "nftables table " + std::string(kTable) + ": " + reason);
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

std::size_t rules_in_kernel(netlink::Socket& nft, std::uint8_t family) {
    netlink::Message message((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETRULE);
    nfgenmsg header{};
    header.nfgen_family = family;
    header.version = NFNETLINK_V0;
    message.header(header);
    message.text(NFTA_RULE_TABLE, kTable);
    std::size_t found = 0;
    nft.dump(
        message, "list the rules of nftables table " + std::string(kTable), [&] { found = 0; },
        [&](const nlmsghdr& entry) {
            std::array<nlattr*, NFTA_RULE_MAX + 1> attributes{};
            nlmsg_parse(const_cast<nlmsghdr*>(&entry), sizeof(nfgenmsg), attributes.data(),
                        NFTA_RULE_MAX, nullptr);
            const auto* table = attributes[NFTA_RULE_TABLE];
            if (table != nullptr && std::string(nla_get_string(table)) == kTable) {
                ++found;
            }
        });
    return found;
}

std::size_t rules_in_text(const std::string& text, const std::string& family) {
    std::size_t count = 0;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        count += line.rfind("add rule " + family + " ", 0) == 0 ? 1U : 0U;
    }
    return count;
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
    run(text, false);
}

void remove_marking() {
    run("delete chain inet terway-veth marking", true);
}

void remove_masquerade() {
    run("delete chain inet terway-veth postrouting", true);
}

void remove_tables() {
    run("delete table inet terway-veth", true);
    run("delete table arp terway-veth", true);
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
    for (const auto& [family, word] :
         {std::pair<std::uint8_t, const char*>{NFPROTO_INET, "inet"}, {NFPROTO_ARP, "arp"}}) {
        const auto expected = rules_in_text(expected_ruleset, word);
        const auto found = rules_in_kernel(nft, family);
        if (found != expected) {
            throw Error(Status::Internal, "nftables table " + std::string(word) + " " + kTable +
                                              " has " + std::to_string(found) + " rules, not " +
                                              std::to_string(expected));
        }
    }
}

void verify(netlink::Socket& nft, const Plan& plan, const std::string& expected_ruleset) {
    verify_rules(nft, expected_ruleset);
    if (rules_in_text(expected_ruleset, "arp") == 0) {
        return;  // no guard
    }
    for (const auto& place : places(plan)) {
        if (!netlink::nft_has_element(nft, place.family, kTable, place.set, place.key)) {
            throw Error(Status::Internal, text(place, plan));
        }
    }
}

}  // namespace terway::veth
