#include "masquerade.hpp"

#include <sstream>

#include "netlink/ruleset.hpp"

namespace terway::ipvlan {
namespace {

constexpr const char* kTable = "terway-ipvlan";
constexpr const char* kSlaves = "\"ipvl_*\"";

const char* word(Family family) {
    return family == Family::V4 ? "ip" : "ip6";
}

// A Service address that nobody translated leads nowhere; where the pods' ENI carries the node's
// default route, it would come back here until its hops are spent.
void drop_unknown_services(std::ostream& out, const Options& options) {
    for (const auto& cidr : options.service_cidrs) {
        out << "add rule inet terway-ipvlan forward iifname " << kSlaves << " "
            << word(cidr.family()) << " daddr " << cidr.text() << " counter drop\n";
    }
}

void masquerade(std::ostream& out, const NodeFacts& node) {
    // To a pod only what was meant for another address: the rest it can answer by itself.
    for (const auto* direction : {"iifname \"ipvl_*\"", "oifname \"ipvl_*\" ct status dnat"}) {
        out << "add rule inet terway-ipvlan forward " << direction << " meta mark set meta mark or "
            << kForwardedMark << "\n";
    }
    for (const auto& address : node.addresses) {
        out << "add rule inet terway-ipvlan postrouting meta nfproto "
            << (address.is_v4() ? "ipv4" : "ipv6") << " meta mark and " << kForwardedMark
            << " == " << kForwardedMark << " snat " << word(address.family()) << " to "
            << address.text() << " fully-random\n";
    }
}

}  // namespace

std::string ruleset(const Options& options, const NodeFacts& node) {
    std::ostringstream out;
    out << "add table inet terway-ipvlan\n"
           "add chain inet terway-ipvlan forward { type filter hook forward priority filter; }\n"
           "flush chain inet terway-ipvlan forward\n"
           "add chain inet terway-ipvlan postrouting { type nat hook postrouting priority srcnat; "
           "}\n"
           "flush chain inet terway-ipvlan postrouting\n";
    drop_unknown_services(out, options);
    if (options.masquerade) {
        masquerade(out, node);
    }
    return out.str();
}

void load_table(const std::string& ruleset) {
    netlink::load_ruleset(kTable, ruleset);
}

void remove_table() {
    netlink::unload_ruleset(kTable, "delete table inet terway-ipvlan");
}

void verify_table(netlink::Socket& nft, const std::string& ruleset) {
    netlink::verify_ruleset(nft, kTable, ruleset);
}

}  // namespace terway::ipvlan
