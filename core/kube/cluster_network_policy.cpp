#include "kube/cluster_network_policy.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "kube/cluster_policy_tags.hpp"

namespace terway::kube {
namespace {

constexpr std::uint16_t kHighestPriority = 1000;
constexpr std::array kProtocolsWithPorts{Protocol::Tcp, Protocol::Udp, Protocol::Sctp};

bool names_a_port(const PolicyRule& rule) {
    return std::any_of(rule.ports.begin(), rule.ports.end(),
                       [](const auto& port) { return !port.name.empty(); });
}

bool has_block(const PolicyRule& rule) {
    return std::any_of(rule.peers.begin(), rule.peers.end(),
                       [](const auto& peer) { return peer.block.has_value(); });
}

void leave_denials(std::vector<ClusterRule>& rules) {
    std::erase_if(rules, [](const auto& rule) { return rule.action == ClusterAction::Accept; });
    for (auto& rule : rules) {
        rule.action = ClusterAction::Deny;
    }
}

}  // namespace

void Builder<ClusterNetworkPolicy>::open_selector(std::optional<LabelSelector>& selector) {
    selector_.open(selector.emplace());
}

void Builder<ClusterNetworkPolicy>::begin_protocol(Protocol protocol) {
    ++protocol_choice_.members;
    protocol_ = protocol;
    port_ = {};
}

void Builder<ClusterNetworkPolicy>::begin(Tag tag) {
    switch (tag) {
        case kSubject:
        case kPeer:
            peer_choice_ = {};
            peer_ = {};
            networks_.clear();
            break;
        case kNamespaces:
            ++peer_choice_.members;
            open_selector(peer_.spaces);
            break;
        case kPods:
            ++peer_choice_.members;
            peer_.spaces.emplace();
            break;
        case kPodsSpaces:
            open_selector(peer_.spaces);
            break;
        case kPodsPods:
            open_selector(peer_.pods);
            break;
        case kNetworks:
            ++peer_choice_.members;
            break;
        case kNotUnderstood:
            peer_choice_.is_bad = true;
            break;
        case kIngressRule:
        case kEgressRule:
            action_.reset();
            rule_ = {};
            rule_is_bad_ = false;
            has_protocols_ = false;
            break;
        case kProtocols:
            has_protocols_ = true;
            break;
        case kProtocol:
            protocol_choice_ = {};
            break;
        case kTcp:
            begin_protocol(Protocol::Tcp);
            break;
        case kUdp:
            begin_protocol(Protocol::Udp);
            break;
        case kSctp:
            begin_protocol(Protocol::Sctp);
            break;
        case kRange:
            ++port_.choice.members;
            break;
        case kIngress:
        case kEgress:
        case kPort:
            break;
        default:
            if (!selector_.begin(tag)) {
                meta_.begin(tag);
            }
    }
}

void Builder<ClusterNetworkPolicy>::end(Tag tag) {
    switch (tag) {
        case kNamespaces:
        case kPodsSpaces:
        case kPodsPods:
            selector_.close();
            peer_choice_.is_bad = peer_choice_.is_bad || selector_.is_bad();
            break;
        case kPods:
            peer_choice_.is_bad = peer_choice_.is_bad || !peer_.pods;
            break;
        case kSubject:
            end_subject();
            break;
        case kPeer:
            end_peer();
            break;
        case kTcp:
        case kUdp:
        case kSctp:
            end_protocol();
            break;
        case kProtocol:
            rule_is_bad_ = rule_is_bad_ || !protocol_choice_.is_good();
            break;
        case kIngressRule:
            end_rule(policy_.ingress);
            break;
        case kEgressRule:
            end_rule(policy_.egress);
            break;
        case kIngress:
        case kEgress:
        case kNetworks:
        case kNotUnderstood:
        case kProtocols:
        case kPort:
        case kRange:
            break;
        default:
            if (!selector_.end(tag)) {
                meta_.end(tag);
            }
    }
}

void Builder<ClusterNetworkPolicy>::end_subject() {
    if (peer_choice_.is_good()) {
        policy_.subject = {std::move(peer_.spaces).value_or(LabelSelector{}),
                           std::move(peer_.pods).value_or(LabelSelector{})};
    }
}

void Builder<ClusterNetworkPolicy>::end_peer() {
    if (!peer_choice_.is_good() || (!peer_.spaces && networks_.empty())) {
        rule_is_bad_ = true;
    } else if (peer_.spaces) {
        rule_.peers.push_back(std::move(peer_));
    } else {
        rule_.peers.insert(rule_.peers.end(), networks_.begin(), networks_.end());
    }
}

void Builder<ClusterNetworkPolicy>::end_protocol() {
    PolicyPort port;
    port.protocol = protocol_;
    port.first = port_number(port_.number.empty() ? port_.first : port_.number);
    port.last = port_number(port_.number.empty() ? port_.last : port_.number);
    if (!port_.choice.is_good() || port.first == 0 || port.last < port.first) {
        rule_is_bad_ = true;
    } else {
        rule_.ports.push_back(std::move(port));
    }
}

void Builder<ClusterNetworkPolicy>::add_named_port(std::string_view name) {
    ++protocol_choice_.members;
    protocol_choice_.is_bad = protocol_choice_.is_bad || name.empty();
    for (const auto protocol : kProtocolsWithPorts) {
        PolicyPort port;
        port.protocol = protocol;
        port.name = meta_.words().word(name);
        rule_.ports.push_back(std::move(port));
    }
}

void Builder<ClusterNetworkPolicy>::add_network(std::string_view text) {
    const auto prefix = Prefix::parse(text);
    if (!prefix) {
        peer_choice_.is_bad = true;
        return;
    }
    networks_.emplace_back().block = IpBlock{prefix->network(), {}};
}

void Builder<ClusterNetworkPolicy>::end_rule(std::vector<ClusterRule>& rules) {
    const bool is_bad = rule_is_bad_ || !action_ || rule_.peers.empty() ||
                        (has_protocols_ && rule_.ports.empty()) ||
                        (names_a_port(rule_) && has_block(rule_));
    if (!is_bad) {
        rules.push_back({*action_, std::move(rule_)});
    } else if (action_ != ClusterAction::Accept) {
        rules.push_back({ClusterAction::Deny, {}});
    }
}

void Builder<ClusterNetworkPolicy>::set_action(std::string_view text) {
    if (text == "Accept") {
        action_ = ClusterAction::Accept;
    } else if (text == "Deny") {
        action_ = ClusterAction::Deny;
    } else if (text == "Pass") {
        action_ = ClusterAction::Pass;
    }
}

void Builder<ClusterNetworkPolicy>::set_tier(std::string_view text) {
    has_tier_ = text == "Admin" || text == "Baseline";
    policy_.tier = text == "Baseline" ? ClusterTier::Baseline : ClusterTier::Admin;
}

void Builder<ClusterNetworkPolicy>::set_priority(std::string_view text) {
    const auto* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, policy_.priority);
    has_priority_ = error == std::errc() && at == end && policy_.priority <= kHighestPriority;
}

bool Builder<ClusterNetworkPolicy>::wants(Tag tag, std::string_view key) const {
    return SelectorReader::wants(tag) || meta_.wants(tag, key);
}

void Builder<ClusterNetworkPolicy>::value(Tag tag, std::string_view key, std::string_view text) {
    switch (tag) {
        case kTier:
            set_tier(text);
            break;
        case kPriority:
            set_priority(text);
            break;
        case kAction:
            set_action(text);
            break;
        case kNetwork:
            add_network(text);
            break;
        case kNumber:
            ++port_.choice.members;
            port_.number = text;
            break;
        case kFirst:
            port_.first = text;
            break;
        case kLast:
            port_.last = text;
            break;
        case kPortName:
            add_named_port(text);
            break;
        default:
            if (!selector_.value(tag, key, text, meta_.words())) {
                meta_.value(tag, key, text);
            }
    }
}

void Builder<ClusterNetworkPolicy>::misfit(Tag tag) {
    switch (tag) {
        case kIngress:
        case kIngressRule:
            policy_.ingress.push_back({ClusterAction::Deny, {}});
            break;
        case kEgress:
        case kEgressRule:
            policy_.egress.push_back({ClusterAction::Deny, {}});
            break;
        case kPeer:
        case kProtocols:
        case kProtocol:
            rule_is_bad_ = true;
            break;
        case kNamespaces:
        case kPods:
        case kPodsSpaces:
        case kPodsPods:
        case kNetworks:
        case kNetwork:
        case kNotUnderstood:
            peer_choice_.is_bad = true;
            break;
        case kTcp:
        case kUdp:
        case kSctp:
        case kPortName:
            protocol_choice_.is_bad = true;
            break;
        case kPort:
        case kNumber:
        case kRange:
        case kFirst:
        case kLast:
            port_.choice.is_bad = true;
            break;
        default:
            selector_.misfit(tag);
    }
}

ClusterNetworkPolicy Builder<ClusterNetworkPolicy>::take() {
    policy_.meta = meta_.take();
    if (!has_tier_ || !has_priority_) {
        policy_.tier = ClusterTier::Admin;
        policy_.priority = 0;
        leave_denials(policy_.ingress);
        leave_denials(policy_.egress);
    }
    has_tier_ = false;
    has_priority_ = false;
    return std::exchange(policy_, {});
}

}  // namespace terway::kube
