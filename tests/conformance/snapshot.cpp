#include "snapshot.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/stream_parser.hpp>
#include <tuple>

#include "command.hpp"
#include "normalise.hpp"
#include "terway/error.hpp"
#include "text.hpp"

namespace terway::conformance {
namespace {

namespace json = boost::json;

// The arrays a tool printed, one for each command of its batch.
std::vector<json::array> arrays(const std::string& text, std::size_t expected,
                                const std::string& tool) {
    std::vector<json::array> found;
    std::size_t at = 0;
    while ((at = text.find_first_not_of(" \n", at)) != std::string::npos) {
        json::stream_parser parser;
        json::error_code error;
        at += parser.write_some(text.data() + at, text.size() - at, error);
        if (error || !parser.done()) {
            throw Error(Status::Internal, joined({tool, " printed no JSON: ", text}));
        }
        found.push_back(parser.release().as_array());
    }
    if (found.size() != expected) {
        throw Error(Status::Internal, tool + " printed " + std::to_string(found.size()) +
                                          " results for " + std::to_string(expected) +
                                          " commands: " + text);
    }
    return found;
}

void add_ip(Snapshot& to, const Place& place) {
    const auto common = arrays(
        must_run(place.netns_fd, {"ip", "-d", "-j", "-batch", "-"}, "link show\naddress show\n"), 2,
        "ip");
    add_links(to, place.label, common[0]);
    add_addresses(to, place.label, common[1]);
    for (const bool ipv6 : {false, true}) {
        const auto found = arrays(
            must_run(place.netns_fd, {"ip", ipv6 ? "-6" : "-4", "-d", "-j", "-batch", "-"},
                     "route show table all\nrule show\nneighbour show\nneighbour show proxy\n"),
            4, "ip");
        add_routes(to, place.label, found[0], ipv6);
        add_rules(to, place.label, found[1], ipv6);
        add_neighbours(to, place.label, found[2], ipv6);
        add_neighbours(to, place.label, found[3], ipv6);
    }
}

void add_tc(Snapshot& to, const Place& place) {
    const auto qdiscs =
        arrays(must_run(place.netns_fd, {"tc", "-j", "-d", "qdisc", "show"}), 1, "tc").front();
    add_qdiscs(to, place.label, qdiscs);
    for (const auto& qdisc : qdiscs) {
        if (member(qdisc, "handle") == "0:") {
            continue;
        }
        const std::string dev = member(qdisc, "dev");
        const std::string kind = member(qdisc, "kind");
        std::vector<std::string> hooks;
        if (kind == "clsact") {
            hooks = {"ingress", "egress"};
        } else if (kind == "ingress") {
            hooks = {"ingress"};
        } else {
            hooks = {"parent " + member(qdisc, "handle")};
            add_classes(to, place.label,
                        must_run(place.netns_fd, {"tc", "-d", "class", "show", "dev", dev}), dev);
        }
        for (const auto& hook : hooks) {
            const auto command = joined({"filter show dev ", dev, " ", hook, "\n"});
            const auto filters = arrays(
                must_run(place.netns_fd, {"tc", "-j", "-d", "-batch", "-"}, command), 1, "tc");
            add_filters(to, place.label, filters.front(), dev, hook);
        }
    }
}

void add_nft(Snapshot& to, const Place& place) {
    const auto text = must_run(place.netns_fd, {"nft", "-j", "list", "ruleset"});
    json::stream_parser parser;
    parser.write(text.data(), text.size());
    parser.finish();
    add_ruleset(to, place.label, parser.release().at("nftables").as_array());
}

auto order(const Object& object) {
    return std::tie(object.place, object.name);
}

bool before(const Object& left, const Object& right) {
    if (order(left) != order(right)) {
        return order(left) < order(right);
    }
    return json::serialize(left.content) < json::serialize(right.content);
}

std::string change(const Object& old_one, const Object& new_one) {
    std::string text;
    const auto& old_members = old_one.content.as_object();
    const auto& new_members = new_one.content.as_object();
    for (const auto& [key, value] : old_members) {
        const auto* now = new_members.if_contains(key);
        if (now == nullptr || *now != value) {
            text += " " + std::string(key.data(), key.size()) + " " + json::serialize(value) +
                    " -> " + (now == nullptr ? "nothing" : json::serialize(*now));
        }
    }
    for (const auto& [key, value] : new_members) {
        if (!old_members.contains(key)) {
            text +=
                " " + std::string(key.data(), key.size()) + " nothing -> " + json::serialize(value);
        }
    }
    return text;
}

}  // namespace

Snapshot take_snapshot(std::span<const Place> places) {
    Snapshot all;
    for (const auto& place : places) {
        add_ip(all, place);
        add_tc(all, place);
        add_nft(all, place);
    }
    std::sort(all.begin(), all.end(), before);
    return all;
}

Difference difference(const Snapshot& left, const Snapshot& right) {
    Difference found;
    auto l = left.begin();
    auto r = right.begin();
    while (l != left.end() || r != right.end()) {
        if (r == right.end() || (l != left.end() && order(*l) < order(*r))) {
            found.vanished.push_back(*l++);
        } else if (l == left.end() || order(*r) < order(*l)) {
            found.appeared.push_back(*r++);
        } else {
            if (l->content != r->content) {
                found.changed.emplace_back(*l, *r);
            }
            ++l;
            ++r;
        }
    }
    return found;
}

std::vector<std::string> Difference::lines() const {
    std::vector<std::string> all;
    for (const auto& object : vanished) {
        all.push_back("- " + object.text());
    }
    for (const auto& object : appeared) {
        all.push_back("+ " + object.text());
    }
    for (const auto& [old_one, new_one] : changed) {
        all.push_back("~ " + old_one.text() + ":" + change(old_one, new_one));
    }
    return all;
}

}  // namespace terway::conformance
