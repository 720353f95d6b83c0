#include "guard.hpp"

#include <sstream>

#include "netlink/ruleset.hpp"
#include "return_path.hpp"
#include "routed/source_guard.hpp"

namespace terway::veth {
namespace {

std::string list(const std::vector<Prefix>& prefixes, Family family) {
    std::string out;
    for (const auto& prefix : prefixes) {
        if (prefix.family() == family) {
            out += (out.empty() ? "" : ", ") + prefix.network().text();
        }
    }
    return out;
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

}  // namespace

std::string ruleset(bool guard, const Masquerade& masquerade, const std::string& marked_uplink) {
    std::ostringstream out;
    out << "add table inet terway-veth\n";
    if (guard) {
        out << routed::source_guard_rules(kTable, kLinkGroup);
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
    routed::remove_tables(kTable);
}

void expel(netlink::Socket& nft, const Plan& plan) {
    routed::expel(nft, kTable, plan);
}

void verify_rules(netlink::Socket& nft, const std::string& expected_ruleset) {
    netlink::verify_ruleset(nft, kTable, expected_ruleset);
}

void verify(netlink::Socket& nft, const Plan& plan, const std::string& expected_ruleset) {
    verify_rules(nft, expected_ruleset);
    if (netlink::rules_in_text(expected_ruleset, "arp") != 0) {  // there is a guard
        routed::verify_admitted(nft, kTable, plan);
    }
}

}  // namespace terway::veth
