// The cluster in which packets are sent: policies that all select its pods, and of which one lets
// the traffic in and out. For terwayd as objects of Kubernetes, and as the rules and sets that
// calico-felix writes for iptables and ipset. Pure.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

namespace terway::bench {

// How much of it.
struct PolicyLoad {
    std::string name;  // in rows
    unsigned policies = 0;
    unsigned members = 0;  // of the set in the policy that lets the traffic through
};

constexpr const char* kLoadSpace = "default";
constexpr const char* kClient = "client";
constexpr const char* kServer = "server";
constexpr const char* kStranger = "stranger";  // no policy lets it in

// Objects, each with its kind for store_object.
struct LoadObject {
    const char* kind;
    boost::json::object object;
};
// A pod of this node.
[[nodiscard]] boost::json::object load_pod(const std::string& name);
// All but the pods of this node.
[[nodiscard]] std::vector<LoadObject> load_objects(const PolicyLoad& load);
// Of a pod of another node that is a member of the set.
[[nodiscard]] std::string member_address(unsigned number);

// For pods with these links: a chain for each link and direction, one for each policy and
// direction, which are asked one after the other, and a set for each policy. `members`, beside
// those of other nodes, are addresses of pods here that are let through.
struct FelixText {
    std::string ipset;     // for ipset restore
    std::string iptables;  // for iptables-restore --noflush
};
[[nodiscard]] FelixText felix_text(const PolicyLoad& load, const std::vector<std::string>& links,
                                   const std::vector<std::string>& members);

}  // namespace terway::bench
