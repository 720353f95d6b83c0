#include <algorithm>
#include <initializer_list>
#include <string>

#include "policy/cases/check_parts.hpp"
#include "policy/cases/names.hpp"
#include "policy/cases/policy_check.hpp"

namespace terway::policy {
namespace {

constexpr std::size_t kMost = 25;
constexpr std::int64_t kHighestPriority = 1000;

void check_one_of(const Part& part, std::initializer_list<std::string_view> words) {
    if (std::find(words.begin(), words.end(), part.text()) == words.end()) {
        part.refuse("\"" + part.text() + "\" is not known here");
    }
}

// Must have exactly one of the members.
void check_choice(const Part& part, std::initializer_list<std::string_view> known) {
    part.check_members(known);
    const auto count = std::count_if(known.begin(), known.end(),
                                     [&](auto key) { return part.find(key).has_value(); });
    if (count != 1) {
        part.refuse("must have exactly one member");
    }
}

// From 1 to 25 elements.
std::vector<Part> some(const Part& part) {
    auto elements = part.elements();
    if (elements.empty() || elements.size() > kMost) {
        part.refuse("must have from 1 to 25 elements");
    }
    return elements;
}

void check_pods(const Part& part) {
    part.check_members({"namespaceSelector", "podSelector"});
    if (const auto spaces = part.find("namespaceSelector")) {
        check_selector(*spaces);
    }
    check_selector(part.at("podSelector"));
}

// What subjects and all peers may be.
void check_namespaces_or_pods(const Part& part) {
    for (const auto* const key : {"namespaces", "nodes"}) {
        if (const auto selector = part.find(key)) {
            check_selector(*selector);
        }
    }
    if (const auto pods = part.find("pods")) {
        check_pods(*pods);
    }
}

void check_egress_peer(const Part& peer, bool accepts) {
    check_choice(peer, {"namespaces", "pods", "nodes", "networks", "domainNames"});
    check_namespaces_or_pods(peer);
    if (const auto networks = peer.find("networks")) {
        for (const auto& network : some(*networks)) {
            (void)read_cidr(network);
        }
    }
    if (const auto domains = peer.find("domainNames")) {
        if (!accepts) {
            domains->refuse("is for Accept only");
        }
        for (const auto& domain : some(*domains)) {
            (void)domain.text();
        }
    }
}

void check_destination(const Part& port) {
    check_choice(port, {"number", "range"});
    if (const auto number = port.find("number")) {
        check_number(*number);
    }
    if (const auto range = port.find("range")) {
        range->check_members({"start", "end"});
        check_number(range->at("start"));
        check_number(range->at("end"));
        if (range->at("start").number() >= range->at("end").number()) {
            range->refuse("must start before it ends");
        }
    }
}

void check_protocol(const Part& protocol) {
    check_choice(protocol, {"tcp", "udp", "sctp", "destinationNamedPort"});
    for (const auto* const key : {"tcp", "udp", "sctp"}) {
        if (const auto known = protocol.find(key)) {
            known->check_members({"destinationPort"});
            check_destination(known->at("destinationPort"));
        }
    }
    if (const auto name = protocol.find("destinationNamedPort");
        name && !kube::is_port_name(name->text())) {
        name->refuse("\"" + name->text() + "\" is no port name");
    }
}

bool names_a_port(const Part& rule) {
    const auto protocols = rule.list("protocols");
    return std::any_of(protocols.begin(), protocols.end(), [](const Part& protocol) {
        return protocol.find("destinationNamedPort").has_value();
    });
}

void check_rule(const Part& rule, std::string_view peers) {
    rule.check_members({"name", "action", "protocols", peers});
    check_one_of(rule.at("action"), {"Accept", "Deny", "Pass"});
    for (const auto& peer : some(rule.at(peers))) {
        if (peers == "from") {
            check_choice(peer, {"namespaces", "pods"});
            check_namespaces_or_pods(peer);
            continue;
        }
        check_egress_peer(peer, rule.at("action").text() == "Accept");
        if (names_a_port(rule) && !peer.find("namespaces") && !peer.find("pods")) {
            peer.refuse("has no ports with names");
        }
    }
    if (const auto protocols = rule.find("protocols")) {
        for (const auto& protocol : some(*protocols)) {
            check_protocol(protocol);
        }
    }
}

void check_cluster_policy(const Part& object) {
    check_says(object, "apiVersion", "policy.networking.k8s.io/v1alpha2");
    check_says(object, "kind", "ClusterNetworkPolicy");
    if (const auto name = object.at("metadata").at("name"); name.text().empty()) {
        name.refuse("is empty");
    }
    const auto spec = object.at("spec");
    spec.check_members({"tier", "priority", "subject", "ingress", "egress"});
    check_one_of(spec.at("tier"), {"Admin", "Baseline"});
    if (const auto priority = spec.at("priority");
        priority.number() < 0 || priority.number() > kHighestPriority) {
        priority.refuse("must be from 0 to 1000");
    }
    check_choice(spec.at("subject"), {"namespaces", "pods"});
    check_namespaces_or_pods(spec.at("subject"));
    for (const auto& [direction, peers] :
         {std::pair("ingress", "from"), std::pair("egress", "to")}) {
        const auto rules = spec.list(direction);
        if (rules.size() > kMost) {
            spec.at(direction).refuse("must have at most 25 elements");
        }
        for (const auto& rule : rules) {
            check_rule(rule, peers);
        }
    }
}

}  // namespace

kube::ClusterNetworkPolicy read_cluster_policy(const Part& object, kube::Words& words) {
    check_cluster_policy(object);
    return read_object<kube::ClusterNetworkPolicy>(object, words);
}

}  // namespace terway::policy
