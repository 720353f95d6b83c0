#include "normalise.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <sstream>

#include "base/address.hpp"
#include "text.hpp"

namespace terway::conformance {
namespace {

namespace json = boost::json;

// Members that change by themselves, or with how often something was made.
constexpr std::array<std::string_view, 34> kVolatile{"ifindex",
                                                     "link",
                                                     "link_index",
                                                     "link_netnsid",
                                                     "operstate",
                                                     "qdisc",
                                                     "stats",
                                                     "stats64",
                                                     "handle",
                                                     "packets",
                                                     "bytes",
                                                     "expires",
                                                     "index",
                                                     "ref",
                                                     "bind",
                                                     "refcnt",
                                                     "installed",
                                                     "used",
                                                     "last_used",
                                                     "first_used",
                                                     "valid_life_time",
                                                     "preferred_life_time",
                                                     "tentative",
                                                     "dadfailed",
                                                     "direct_packets_stat",
                                                     "iif_detached",
                                                     "oif_detached",
                                                     "probes",
                                                     "confirmed",
                                                     "updated",
                                                     "addr_info",
                                                     "not_in_hw",
                                                     "prog",
                                                     "id"};

json::value steady(const json::value& value) {
    if (const auto* object = value.if_object()) {
        json::object kept;
        for (const auto& [key, inner] : *object) {
            if (std::find(kVolatile.begin(), kVolatile.end(),
                          std::string_view(key.data(), key.size())) == kVolatile.end() &&
                !key.ends_with("_timer")) {
                kept.emplace(key, steady(inner));
            }
        }
        return kept;
    }
    if (const auto* array = value.if_array()) {
        json::array kept;
        for (const auto& inner : *array) {
            kept.push_back(steady(inner));
        }
        return kept;
    }
    return value;
}

// Keeps those of `flags` that somebody decided, not those that follow from the carrier.
void keep_flags(json::value& content, std::initializer_list<std::string_view> decided) {
    auto* flags = content.as_object().if_contains("flags");
    if (flags == nullptr || !flags->is_array()) {
        return;
    }
    json::array kept;
    for (const auto& flag : flags->as_array()) {
        const std::string_view text(flag.as_string().data(), flag.as_string().size());
        if (std::find(decided.begin(), decided.end(), text) != decided.end()) {
            kept.push_back(flag);
        }
    }
    *flags = std::move(kept);
}

std::string words(const json::value& object, std::string_view key, std::string_view before) {
    const std::string text = member(object, key);
    return text.empty() ? "" : " " + std::string(before) + text;
}

// The link-local address the kernel gives a link by itself.
bool made_by_kernel(const json::value& address, const std::string& mac_text) {
    const auto found = IpAddress::parse(member(address, "local"));
    if (!found || found->is_v4() || found->bytes()[0] != 0xfe ||
        (found->bytes()[1] & 0xc0U) != 0x80) {
        return false;
    }
    if (address.as_object().contains("stable-privacy")) {
        return true;
    }
    const auto mac = Mac::parse(mac_text);
    const auto bytes = found->bytes();
    return mac && bytes[8] == (mac->bytes[0] ^ 2U) && bytes[9] == mac->bytes[1] &&
           bytes[10] == mac->bytes[2] && bytes[11] == 0xff && bytes[12] == 0xfe &&
           bytes[13] == mac->bytes[3] && bytes[14] == mac->bytes[4] && bytes[15] == mac->bytes[5];
}

void add(Snapshot& to, const std::string& place, std::string kind, std::string name,
         const json::value& raw, bool ipv6 = false) {
    to.push_back({place, std::move(kind), std::move(name), steady(raw), raw, ipv6});
}

void add_set(Snapshot& to, const std::string& place, const std::string& kind,
             const std::string& name, const json::value& set) {
    json::value bare = set;
    bare.as_object().erase("elem");
    add(to, place, "nft " + kind, "nft " + kind + " " + name, bare);
    const auto* elements = set.as_object().if_contains("elem");
    if (elements == nullptr || !elements->is_array()) {
        return;
    }
    for (const auto& element : elements->as_array()) {
        json::object raw{{"family", set.at("family")},
                         {"table", set.at("table")},
                         {"name", set.at("name")},
                         {"elem", element}};
        add(to, place, "nft element",
            joined({"nft element of ", kind, " ", name, ": ", json::serialize(steady(element))}),
            raw);
    }
}

}  // namespace

std::string member(const json::value& object, std::string_view key) {
    const auto* found = object.as_object().if_contains(json::string_view(key.data(), key.size()));
    if (found == nullptr || found->is_null()) {
        return {};
    }
    if (found->is_string()) {
        return {found->as_string().data(), found->as_string().size()};
    }
    return json::serialize(*found);
}

void add_links(Snapshot& to, const std::string& place, const json::array& array) {
    for (const auto& link : array) {
        if (!link.as_object().empty()) {
            add(to, place, "link", "link " + member(link, "ifname"), link);
            keep_flags(to.back().content, {"UP", "PROMISC", "NOARP", "ALLMULTI"});
        }
    }
}

void add_addresses(Snapshot& to, const std::string& place, const json::array& array) {
    for (const auto& link : array) {
        if (link.as_object().empty()) {
            continue;
        }
        for (const auto& address : link.at("addr_info").as_array()) {
            if (address.as_object().empty() || made_by_kernel(address, member(link, "address"))) {
                continue;
            }
            json::object raw = address.as_object();
            raw["dev"] = link.at("ifname");
            add(to, place, "address",
                "address " + member(address, "local") + "/" + member(address, "prefixlen") +
                    " on " + member(link, "ifname"),
                raw, member(address, "family") == "inet6");
        }
    }
}

void add_routes(Snapshot& to, const std::string& place, const json::array& array, bool ipv6) {
    for (const auto& route : array) {
        // Those follow from addresses and links.
        if (member(route, "protocol") == "kernel") {
            continue;
        }
        const std::string type =
            member(route, "type") == "unicast" ? "" : member(route, "type") + " ";
        add(to, place, "route",
            (ipv6 ? "v6 route " : "v4 route ") + type + member(route, "dst") +
                words(route, "gateway", "via ") + words(route, "dev", "dev ") +
                words(route, "table", "table ") + words(route, "metric", "metric "),
            route, ipv6);
        keep_flags(to.back().content, {"onlink", "pervasive"});
    }
}

void add_rules(Snapshot& to, const std::string& place, const json::array& array, bool ipv6) {
    for (const auto& rule : array) {
        add(to, place, "rule",
            (ipv6 ? "v6 rule " : "v4 rule ") + member(rule, "priority") + ": from " +
                member(rule, "src") + words(rule, "srclen", "/") + words(rule, "dst", "to ") +
                words(rule, "dstlen", "/") + words(rule, "iif", "iif ") +
                words(rule, "oif", "oif ") + words(rule, "fwmark", "fwmark ") +
                words(rule, "table", "lookup "),
            rule, ipv6);
    }
}

void add_neighbours(Snapshot& to, const std::string& place, const json::array& array, bool ipv6) {
    for (const auto& neighbour : array) {
        const bool proxied = neighbour.as_object().contains("proxy");
        if (!proxied && member(neighbour, "state").find("PERMANENT") == std::string::npos) {
            continue;
        }
        add(to, place, "neighbour",
            (proxied ? "proxied neighbour " : "neighbour ") + member(neighbour, "dst") + " on " +
                member(neighbour, "dev"),
            neighbour, ipv6);
    }
}

void add_qdiscs(Snapshot& to, const std::string& place, const json::array& array) {
    for (const auto& qdisc : array) {
        // A link's own default has no handle.
        if (member(qdisc, "handle") == "0:") {
            continue;
        }
        const std::string at =
            qdisc.as_object().contains("root") ? "root" : "parent " + member(qdisc, "parent");
        add(to, place, "qdisc",
            "qdisc " + member(qdisc, "kind") + " on " + member(qdisc, "dev") + " " + at, qdisc);
    }
}

void add_filters(Snapshot& to, const std::string& place, const json::array& array,
                 const std::string& dev, const std::string& hook) {
    for (const auto& filter : array) {
        if (!filter.as_object().contains("options")) {
            continue;  // the chain's head, printed before its entries
        }
        json::object raw = filter.as_object();
        raw["dev"] = dev;
        raw["hook"] = hook;
        add(to, place, "filter",
            joined({"filter ", member(filter, "kind"), " on ", dev, " ", hook, " pref ",
                    member(filter, "pref"), " ", json::serialize(steady(filter.at("options")))}),
            raw);
    }
}

void add_classes(Snapshot& to, const std::string& place, const std::string& text,
                 const std::string& dev) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream parts(line);
        std::string noun, kind, id;
        if (parts >> noun >> kind >> id) {
            add(to, place, "class", joined({"class ", kind, " ", id, " on ", dev}),
                json::object{{"dev", dev}, {"classid", id}, {"text", line}});
        }
    }
}

void add_ruleset(Snapshot& to, const std::string& place, const json::array& array) {
    for (const auto& entry : array) {
        const auto& [kind_text, value] = *entry.as_object().begin();
        const std::string kind(kind_text.data(), kind_text.size());
        if (kind == "metainfo") {
            continue;
        }
        const std::string family = member(value, "family") + " ";
        if (kind == "table") {
            add(to, place, "nft table", "nft table " + family + member(value, "name"), value);
        } else if (kind == "rule") {
            add(to, place, "nft rule",
                joined({"nft rule in ", family, member(value, "table"), " ", member(value, "chain"),
                        ": ", json::serialize(steady(value.at("expr")))}),
                value);
        } else if (kind == "set" || kind == "map") {
            add_set(to, place, kind,
                    joined({family, member(value, "table"), " ", member(value, "name")}), value);
        } else {
            add(to, place, "nft " + kind,
                joined({"nft ", kind, " ", family, member(value, "table"), " ",
                        member(value, "name")}),
                value);
        }
    }
}

}  // namespace terway::conformance
