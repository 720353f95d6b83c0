// ClusterNetworkPolicy of policy.networking.k8s.io/v1alpha2, as the API means it: what it says of
// parts that nobody understands is filled in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kube/network_policy.hpp"

namespace terway::kube {

enum class ClusterTier : std::uint8_t { Admin, Baseline };
enum class ClusterAction : std::uint8_t { Accept, Deny, Pass };

// Of all namespaces and all pods in them unless the selectors say which.
struct ClusterSubject {
    LabelSelector spaces;
    LabelSelector pods;

    friend bool operator==(const ClusterSubject&, const ClusterSubject&) = default;
};

// Every peer is a block or has a selector of namespaces. A name of a port is there once for each
// protocol.
struct ClusterRule {
    ClusterAction action = ClusterAction::Deny;
    PolicyRule what;

    friend bool operator==(const ClusterRule&, const ClusterRule&) = default;
};

struct ClusterNetworkPolicy {
    Meta meta;
    ClusterTier tier = ClusterTier::Admin;
    std::uint16_t priority = 0;             // the lowest is asked first
    std::optional<ClusterSubject> subject;  // nullopt: nobody
    std::vector<ClusterRule> ingress;       // the first that matches decides
    std::vector<ClusterRule> egress;
};

template <>
struct Kind<ClusterNetworkPolicy> {
    static constexpr std::string_view kName = "ClusterNetworkPolicy";
    static constexpr std::string_view kGroup = "/apis/policy.networking.k8s.io/v1alpha2";
    static constexpr std::string_view kPlural = "clusternetworkpolicies";
    static constexpr bool kNamespaced = false;
};

// Of what it does not understand nothing is allowed. A rule with such a peer or port matches
// nothing if it accepts, and denies everybody everything if not; peers that are nodes and domain
// names are among them. A policy with such a tier or priority is of the Admin tier and the first,
// and only denies. One with such a subject has nobody.
template <>
class Builder<ClusterNetworkPolicy> {
public:
    Builder(Words& words, Wanted annotations) : meta_(words, std::move(annotations)) {}
    void begin(Tag tag);
    void end(Tag tag);
    [[nodiscard]] bool wants(Tag tag, std::string_view key) const;
    void value(Tag tag, std::string_view key, std::string_view text);
    void misfit(Tag tag);
    [[nodiscard]] ClusterNetworkPolicy take();

private:
    // What must have exactly one member.
    struct Choice {
        int members = 0;
        bool is_bad = false;

        [[nodiscard]] bool is_good() const noexcept { return members == 1 && !is_bad; }
    };
    // As it is written.
    struct Port {
        std::string number;
        std::string first;
        std::string last;
        Choice choice;
    };

    void open_selector(std::optional<LabelSelector>& selector);
    void begin_protocol(Protocol protocol);
    void end_protocol();
    void add_named_port(std::string_view name);
    void add_network(std::string_view text);
    void end_subject();
    void end_peer();
    void end_rule(std::vector<ClusterRule>& rules);
    void set_action(std::string_view text);
    void set_tier(std::string_view text);
    void set_priority(std::string_view text);

    MetaReader meta_;
    SelectorReader selector_;
    ClusterNetworkPolicy policy_;
    bool has_tier_ = false;
    bool has_priority_ = false;

    // Of the subject or the peer that is being read.
    Choice peer_choice_;
    PolicyPeer peer_;
    std::vector<PolicyPeer> networks_;

    std::optional<ClusterAction> action_;
    PolicyRule rule_;
    bool rule_is_bad_ = false;
    bool has_protocols_ = false;
    Choice protocol_choice_;
    Protocol protocol_ = Protocol::Tcp;
    Port port_;
};

template <>
[[nodiscard]] std::vector<Member> members_of<ClusterNetworkPolicy>();

}  // namespace terway::kube
