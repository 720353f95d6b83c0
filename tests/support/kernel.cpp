#include "kernel.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include "netlink/link.hpp"
#include "netlink/route.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

namespace json = boost::json;
using Facts = std::set<std::string>;

std::string text(const json::value& value) {
    return std::string(value.as_string());
}

bool is_pod_link(const std::string& name) {
    return name.starts_with("cali");
}

void add_links(netlink::Socket& socket, Facts& facts) {
    for (const auto& link : netlink::links(socket)) {
        if (!is_pod_link(link.name)) {
            continue;
        }
        facts.insert("link " + link.name);
        for (const auto family : {Family::V4, Family::V6}) {
            for (const auto& route : netlink::routes(socket, family)) {
                if (route.oif == link.index) {
                    facts.insert("route " + route.destination.text() + " dev " + link.name);
                }
            }
            for (const auto& neighbour : netlink::neighbours(socket, family, link.index)) {
                if (neighbour.permanent) {
                    facts.insert("neighbour " + neighbour.address.text() + " at " +
                                 neighbour.mac.text() + " dev " + link.name);
                }
            }
        }
    }
}

void add_elements(const Node& node, Facts& facts) {
    const auto document = json::parse(node.shell("nft -j list ruleset"));
    for (const auto& item : document.at("nftables").as_array()) {
        const auto* set = item.as_object().if_contains("set");
        const auto* elements = set == nullptr ? nullptr : set->as_object().if_contains("elem");
        // The policy module's sets are rules, which say nothing of endpoints.
        if (elements == nullptr || text(set->at("table")).starts_with("terway-policy")) {
            continue;
        }
        for (const auto& element : elements->as_array()) {
            std::string line = "element " + text(set->at("family")) + " " + text(set->at("name"));
            for (const auto& part : element.at("concat").as_array()) {
                line += " " + text(part);
            }
            facts.insert(line);
        }
    }
}

std::string dataplane_of(const json::value& record) {
    for (const auto& pin : record.at("chain").as_array()) {
        if (pin.at("role") == "dataplane") {
            return text(pin.at("id"));
        }
    }
    return "";
}

// The far end of the host's link has a MAC of its own where the pod's link is the ENI.
const std::string kPeersOwn = "(its own)";

Facts without_macs_of(const std::set<std::string>& links, const Facts& facts) {
    Facts out;
    for (const auto& fact : facts) {
        const bool of_one = std::any_of(links.begin(), links.end(), [&](const auto& link) {
            return fact.find(link) != std::string::npos;
        });
        std::istringstream words(fact);
        std::string text;
        for (std::string word; words >> word;) {
            text += (text.empty() ? "" : " ") + (of_one && Mac::parse(word) ? kPeersOwn : word);
        }
        out.insert(text);
    }
    return out;
}

void expect_endpoint(const json::value& record, Facts& facts) {
    const auto dataplane = dataplane_of(record);
    if (dataplane == "ipvlan") {
        return;  // nothing of it is on the host but routes through the ENI's own slave
    }
    const auto link = text(record.at("host_ifname"));
    const auto mac = dataplane == "eni-exclusive" ? kPeersOwn : text(record.at("mac"));
    facts.insert("link " + link);
    for (const auto& each : record.at("addresses").as_array()) {
        const auto prefix = Prefix::parse(text(each)).value();
        const auto address = prefix.address().text();
        facts.insert("route " + prefix.text() + " dev " + link);
        facts.insert("neighbour " + address + " at " + mac + " dev " + link);
        facts.insert("element inet " + std::string(prefix.is_v4() ? "sources4" : "sources6") + " " +
                     link + " " + mac + " " + address);
        if (prefix.is_v4()) {
            facts.insert("element arp sources " + link + " " + mac + " " + address);
        }
    }
}

std::string difference(const Facts& records, const Facts& kernel) {
    std::string out;
    for (const auto& fact : records) {
        out += kernel.contains(fact) ? "" : "the kernel lacks " + fact + "\n";
    }
    for (const auto& fact : kernel) {
        out += records.contains(fact) ? "" : "no record knows " + fact + "\n";
    }
    return out;
}

// Every address is free, cooling or in use by exactly the records that name it.
std::string pool_trouble(const json::value& records, const json::value& status) {
    std::string out;
    std::map<std::string, std::uint64_t> used;
    Facts seen;
    for (const auto& record : records.as_array()) {
        for (const auto& each : record.at("addresses").as_array()) {
            if (!seen.insert(text(each)).second) {
                out += "address " + text(each) + " has two owners\n";
            }
            for (const auto& cidr : status.at("pool").at("cidrs").as_array()) {
                const auto range = Prefix::parse(text(cidr.at("cidr"))).value();
                used[range.text()] +=
                    range.contains(Prefix::parse(text(each)).value().address()) ? 1U : 0U;
            }
        }
    }
    for (const auto& cidr : status.at("pool").at("cidrs").as_array()) {
        const auto number = [&cidr](const char* key) {
            return cidr.at(key).to_number<std::uint64_t>();
        };
        const auto name = text(cidr.at("cidr"));
        if (number("used") != used[name]) {
            out += "pool " + name + ": " + std::to_string(number("used")) + " in use, but " +
                   std::to_string(used[name]) + " in records\n";
        }
        if (number("used") + number("cooling") + number("free") != number("total")) {
            out += "pool " + name + " does not add up: " + json::serialize(cidr) + "\n";
        }
    }
    return out;
}

}  // namespace

std::string snapshot(int netns_fd) {
    return Node::shell(
        "ip -d -o link; ip -o addr; ip rule; ip -6 rule; ip route show table all; "
        "ip -6 route show table all; ip neigh show nud permanent; nft -s list ruleset",
        netns_fd);
}

std::string changes(const std::string& before, const std::string& after) {
    const auto lines = [](const std::string& all) {
        std::multiset<std::string> out;
        std::istringstream in(all);
        for (std::string line; std::getline(in, line);) {
            out.insert(line);
        }
        return out;
    };
    const auto old = lines(before);
    const auto now = lines(after);
    std::vector<std::string> gone;
    std::vector<std::string> come;
    std::set_difference(old.begin(), old.end(), now.begin(), now.end(), std::back_inserter(gone));
    std::set_difference(now.begin(), now.end(), old.begin(), old.end(), std::back_inserter(come));
    std::string out;
    for (const auto& line : gone) {
        out += "- " + line + "\n";
    }
    for (const auto& line : come) {
        out += "+ " + line + "\n";
    }
    return out;
}

std::string disagreement(const Node& node) {
    const auto records = node.ctl_json("endpoints");
    std::string out;
    Facts expected;
    std::set<std::string> of_whole_enis;
    for (const auto& record : records.as_array()) {
        if (dataplane_of(record) == "eni-exclusive") {
            of_whole_enis.insert(text(record.at("host_ifname")));
        }
        if (record.at("state") != "ready") {
            out += text(record.at("container_id")) + " is " + text(record.at("state")) + "\n";
        } else {
            expect_endpoint(record, expected);
        }
    }
    Facts found;
    auto socket = netlink::Socket::in(node.fd());
    add_links(socket, found);
    add_elements(node, found);
    return out + difference(expected, without_macs_of(of_whole_enis, found)) +
           pool_trouble(records, node.ctl_json("status"));
}

std::string settled(const Node& node, std::chrono::milliseconds limit) {
    std::string trouble;
    (void)eventually(
        [&] {
            trouble = disagreement(node);
            return trouble.empty();
        },
        limit);
    return trouble;
}

}  // namespace terway::test
