#include <boost/json/serialize.hpp>
#include <string>
#include <vector>

#include "command.hpp"
#include "normalise.hpp"
#include "snapshot.hpp"

namespace terway::conformance {
namespace {

namespace json = boost::json;

std::string part(const json::value& raw, std::string_view key, std::string_view word) {
    const auto text = member(raw, key);
    return text.empty() ? "" : " " + std::string(word) + " " + text;
}

std::string ip_command(const Object& object) {
    const auto& raw = object.raw;
    if (object.kind == "link") {
        return "link delete dev " + member(raw, "ifname");
    }
    if (object.kind == "address") {
        return "address delete " + member(raw, "local") + "/" + member(raw, "prefixlen") + " dev " +
               member(raw, "dev");
    }
    if (object.kind == "route") {
        return "route delete " + member(raw, "type") + " " + member(raw, "dst") +
               part(raw, "dev", "dev") + part(raw, "table", "table") +
               part(raw, "metric", "metric");
    }
    if (object.kind == "rule") {
        const auto with_length = [&](std::string_view key, std::string_view length) {
            const auto text = member(raw, key);
            const auto bits = member(raw, length);
            return text + (bits.empty() ? "" : "/" + bits);
        };
        return "rule delete priority " + member(raw, "priority") + " from " +
               with_length("src", "srclen") +
               (member(raw, "dst").empty() ? "" : " to " + with_length("dst", "dstlen")) +
               part(raw, "iif", "iif") + part(raw, "oif", "oif") + part(raw, "table", "lookup");
    }
    return std::string("neighbour delete ") + (raw.as_object().contains("proxy") ? "proxy " : "") +
           member(raw, "dst") + " dev " + member(raw, "dev");
}

std::string tc_command(const Object& object) {
    const auto& raw = object.raw;
    if (object.kind == "qdisc") {
        const bool hook = member(raw, "kind") == "clsact" || member(raw, "kind") == "ingress";
        return "qdisc delete dev " + member(raw, "dev") + " " +
               (hook                               ? member(raw, "kind")
                : raw.as_object().contains("root") ? "root"
                                                   : "parent " + member(raw, "parent"));
    }
    if (object.kind == "class") {
        return "class delete dev " + member(raw, "dev") + " classid " + member(raw, "classid");
    }
    return "filter delete dev " + member(raw, "dev") + " " + member(raw, "hook") + " protocol " +
           member(raw, "protocol") + " pref " + member(raw, "pref");
}

std::string nft_command(const Object& object) {
    json::object named;
    for (const char* key : {"family", "table", "chain", "name", "handle"}) {
        if (const auto* value = object.raw.as_object().if_contains(key)) {
            // A handle names a rule only; for the others the name is unambiguous.
            if (std::string_view(key) != "handle" || object.kind == "nft rule") {
                named[key] = *value;
            }
        }
    }
    if (object.kind == "nft element") {
        const auto& element = object.raw.at("elem");
        // A map's element is a pair; its key is enough.
        named["elem"] = json::array{element.is_array() ? element.as_array()[0] : element};
    }
    const std::string kind = object.kind.substr(4);
    json::array commands;
    if (object.kind == "nft chain") {
        commands.push_back(json::object{{"flush", json::object{{"chain", named}}}});
    }
    commands.push_back(json::object{{"delete", json::object{{kind, named}}}});
    return json::serialize(json::object{{"nftables", commands}});
}

}  // namespace

std::string remove_object(int netns_fd, const Object& object) {
    Outcome outcome;
    if (object.kind.starts_with("nft ")) {
        outcome = run(netns_fd, {"nft", "-j", "-f", "-"}, nft_command(object));
    } else if (object.kind == "qdisc" || object.kind == "class" || object.kind == "filter") {
        outcome = run(netns_fd, {"tc", "-batch", "-"}, tc_command(object) + "\n");
    } else {
        outcome = run(netns_fd, {"ip", object.ipv6 ? "-6" : "-4", "-batch", "-"},
                      ip_command(object) + "\n");
    }
    return outcome.status == 0 ? "" : "cannot delete it: " + outcome.errors;
}

}  // namespace terway::conformance
