// What a kernel holds, as far as a module can change it: links, addresses, routes, rules,
// neighbours, traffic control, nftables. Without what changes by itself: counters, timers, handles,
// indexes.
#pragma once

#include <boost/json/value.hpp>
#include <span>
#include <string>
#include <vector>

namespace terway::conformance {

// A namespace and what reports call it: "host", "pod a".
struct Place {
    std::string label;
    int netns_fd = -1;
};

struct Object {
    std::string place;
    std::string kind;  // "link", "address", "route", "rule", "neighbour", "qdisc", "nft rule", ...
    std::string name;  // in words; what makes it this object and no other
    boost::json::value content;  // normalised
    boost::json::value raw;      // as the tool printed it
    bool ipv6 = false;

    [[nodiscard]] std::string text() const { return place + ": " + name; }
};

// Sorted by place, name and content.
using Snapshot = std::vector<Object>;

// Throws Error if a tool fails.
[[nodiscard]] Snapshot take_snapshot(std::span<const Place> places);

struct Difference {
    std::vector<Object> appeared;
    std::vector<Object> vanished;
    std::vector<std::pair<Object, Object>> changed;  // before, after

    [[nodiscard]] bool empty() const {
        return appeared.empty() && vanished.empty() && changed.empty();
    }
    // One line for each object: "+ host: route ...".
    [[nodiscard]] std::vector<std::string> lines() const;
};
[[nodiscard]] Difference difference(const Snapshot& before, const Snapshot& after);

// Deletes one object with the system's tools. Empty on success, else why the kernel refused.
[[nodiscard]] std::string remove_object(int netns_fd, const Object& object);

}  // namespace terway::conformance
