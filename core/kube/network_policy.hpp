// NetworkPolicy of networking.k8s.io/v1, as the API means it: its defaults are filled in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kube/label_selector.hpp"
#include "kube/objects.hpp"

namespace terway::kube {

struct IpBlock {
    Prefix cidr;
    std::vector<Prefix> except;

    friend bool operator==(const IpBlock&, const IpBlock&) = default;
};

// A block, or pods: of the policy's namespace unless there is a selector of namespaces. One with
// nothing in it, which the API refuses, matches nothing.
struct PolicyPeer {
    std::optional<LabelSelector> pods;
    std::optional<LabelSelector> spaces;
    std::optional<IpBlock> block;

    friend bool operator==(const PolicyPeer&, const PolicyPeer&) = default;
};

// What the destination calls so, or the numbers from `first` to `last`: all unless it says which.
struct PolicyPort {
    Protocol protocol = Protocol::Tcp;
    Word name;
    std::uint16_t first = 0;
    std::uint16_t last = 65535;

    friend bool operator==(const PolicyPort&, const PolicyPort&) = default;
};

// 0 if the text is no port's number.
[[nodiscard]] std::uint16_t port_number(std::string_view text);
// Whether it is a port's name: at most 15 lower-case letters, digits and single inner hyphens, at
// least one letter.
[[nodiscard]] bool is_port_name(std::string_view text);

// Any port of any protocol if there are no ports, anybody if there are no peers.
struct PolicyRule {
    std::vector<PolicyPort> ports;
    std::vector<PolicyPeer> peers;

    friend bool operator==(const PolicyRule&, const PolicyRule&) = default;
};

// The policy for one direction: it isolates the pods, save for what the rules allow.
using PolicyRules = std::optional<std::vector<PolicyRule>>;

struct NetworkPolicy {
    Meta meta;
    LabelSelector pods;
    PolicyRules ingress;  // nullopt: not of this policy's types
    PolicyRules egress;
    bool is_bad = false;  // a part of it, which the API server should have refused, allows nobody
};

template <>
struct Kind<NetworkPolicy> {
    static constexpr std::string_view kName = "NetworkPolicy";
    static constexpr std::string_view kGroup = "/apis/networking.k8s.io/v1";
    static constexpr std::string_view kPlural = "networkpolicies";
    static constexpr bool kNamespaced = true;
};

// What the API server would have refused allows nobody; if that is the selector of pods or a type,
// nobody may talk to any pod of the namespace, or in any direction.
template <>
class Builder<NetworkPolicy> {
public:
    Builder(Words& words, Wanted annotations) : meta_(words, std::move(annotations)) {}
    void begin(Tag tag);
    void end(Tag tag);
    [[nodiscard]] bool wants(Tag tag, std::string_view key) const;
    void value(Tag tag, std::string_view key, std::string_view text);
    void misfit(Tag tag);
    [[nodiscard]] NetworkPolicy take();

private:
    struct Types {
        bool said = false;
        bool ingress = false;
        bool egress = false;
        bool is_bad = false;
    };
    // As it is written.
    struct Port {
        std::optional<std::string> protocol;
        std::optional<std::string> name;
        std::optional<std::string> number;
        std::optional<std::string> end;
        bool is_bad = false;
    };

    void open_selector(std::optional<LabelSelector>& selector);
    void add_bad_peer();
    void add_bad_port();
    void add_bad_rule(std::vector<PolicyRule>& rules);
    [[nodiscard]] bool is_peer_good() const;
    [[nodiscard]] std::optional<PolicyPort> finished_port() const;  // nullopt: a bad one

    MetaReader meta_;
    NetworkPolicy policy_;
    std::vector<PolicyRule> ingress_;
    std::vector<PolicyRule> egress_;
    Types types_;
    std::optional<LabelSelector> subject_;
    bool subject_is_bad_ = false;
    SelectorReader selector_;
    PolicyRule rule_;
    PolicyPeer peer_;
    bool peer_is_bad_ = false;
    bool has_cidr_ = false;
    Port port_;
};

template <>
[[nodiscard]] std::vector<Member> members_of<NetworkPolicy>();

}  // namespace terway::kube
