#include "ruleset.hpp"

#include <algorithm>
#include <sstream>

#include "plan.hpp"
#include "routed/source_guard.hpp"

namespace terway::eni_exclusive {
namespace {

// A pod answers by its ENI, past the node, unless the node itself asks.
void to_pods(std::ostream& out, const std::string& chain, const std::vector<IpAddress>& node) {
    for (const auto family : {Family::V4, Family::V6}) {
        const auto own = std::find_if(node.begin(), node.end(), [&](const IpAddress& address) {
            return address.family() == family;
        });
        const bool v4 = family == Family::V4;
        out << "add rule " << chain << " meta nfproto " << (v4 ? "ipv4" : "ipv6") << " oifgroup "
            << kLinkGroup << " ct status dnat ";
        if (own == node.end()) {
            out << "masquerade fully-random\n";
        } else {
            out << "snat " << (v4 ? "ip" : "ip6") << " to " << own->text() << " fully-random\n";
        }
    }
}

}  // namespace

std::string ruleset(bool masquerade, const std::vector<IpAddress>& node) {
    const std::string table = kTable;
    const std::string chain = "inet " + table + " postrouting";
    std::ostringstream out;
    out << "add table inet " << table << "\n" << routed::source_guard_rules(table, kLinkGroup);
    if (!masquerade) {
        return out.str();
    }
    out << "add chain " << chain << " { type nat hook postrouting priority srcnat; }\n"
        << "flush chain " << chain << "\n";
    to_pods(out, chain, node);
    // Pods with a routed link of another dataplane: rule 512 brings their answers to the node.
    out << "add rule " << chain << " oifgroup != " << kLinkGroup << " oifname \"cali*\" return\n"
        << "add rule " << chain << " iifgroup " << kLinkGroup << " oifgroup != " << kLinkGroup
        << " masquerade fully-random\n";
    return out.str();
}

}  // namespace terway::eni_exclusive
