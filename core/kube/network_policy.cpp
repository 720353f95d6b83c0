#include "kube/network_policy.hpp"

#include <algorithm>
#include <charconv>

namespace terway::kube {
namespace {

enum PolicyTag : Tag {
    kSubject = kTagAfterMeta,
    kType,
    kIngressRule,
    kEgressRule,
    kPeer,
    kPeerPods,
    kPeerSpaces,
    kLabels,
    kExpression,
    kExpressionKey,
    kOperator,
    kValue,
    kBlock,
    kCidr,
    kExcept,
    kPort,
    kPortProtocol,
    kPortPort,
    kPortEnd,
};

// For what matches nothing: no number is from 1 to 0.
constexpr std::uint16_t kNoFirst = 1;
constexpr std::uint16_t kNoLast = 0;

Shape selector_shape(Tag tag) {
    const auto expression = Shape::object({{"key", Shape::text(kExpressionKey)},
                                           {"operator", Shape::text(kOperator)},
                                           {"values", Shape::list(Shape::text(kValue))}},
                                          kExpression);
    return Shape::object(
        {{"matchLabels", Shape::map(kLabels)}, {"matchExpressions", Shape::list(expression)}}, tag);
}

Shape rules_shape(Tag tag, std::string_view peers) {
    const auto block = Shape::object(
        {{"cidr", Shape::text(kCidr)}, {"except", Shape::list(Shape::text(kExcept))}}, kBlock);
    const auto peer = Shape::object({{"podSelector", selector_shape(kPeerPods)},
                                     {"namespaceSelector", selector_shape(kPeerSpaces)},
                                     {"ipBlock", block}},
                                    kPeer);
    const auto port = Shape::object({{"protocol", Shape::text(kPortProtocol)},
                                     {"port", Shape::text(kPortPort)},
                                     {"endPort", Shape::text(kPortEnd)}},
                                    kPort);
    return Shape::list(
        Shape::object({{"ports", Shape::list(port)}, {peers, Shape::list(peer)}}, tag));
}

std::optional<Protocol> protocol_of(std::string_view text) {
    if (text.empty() || text == "TCP") {
        return Protocol::Tcp;
    }
    if (text == "UDP") {
        return Protocol::Udp;
    }
    return text == "SCTP" ? std::optional(Protocol::Sctp) : std::nullopt;
}

// 0 if it is none.
std::uint16_t number_of(std::string_view text) {
    std::uint16_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, number);
    return error == std::errc() && at == end ? number : 0;
}

bool is_number(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<Operator> operator_of(std::string_view text) {
    if (text == "In") {
        return Operator::In;
    }
    if (text == "NotIn") {
        return Operator::NotIn;
    }
    if (text == "Exists") {
        return Operator::Exists;
    }
    return text == "DoesNotExist" ? std::optional(Operator::DoesNotExist) : std::nullopt;
}

}  // namespace

template <>
std::vector<Member> members_of<NetworkPolicy>() {
    return {{"metadata", meta_shape()},
            {"spec", Shape::object({{"podSelector", selector_shape(kSubject)},
                                    {"policyTypes", Shape::list(Shape::text(kType))},
                                    {"ingress", rules_shape(kIngressRule, "from")},
                                    {"egress", rules_shape(kEgressRule, "to")}})}};
}

void Builder<NetworkPolicy>::open_selector(std::optional<LabelSelector>& selector) {
    selector_ = &selector.emplace();
}

void Builder<NetworkPolicy>::begin(Tag tag) {
    switch (tag) {
        case kSubject:
            open_selector(subject_);
            break;
        case kPeerPods:
            open_selector(peer_.pods);
            break;
        case kPeerSpaces:
            open_selector(peer_.spaces);
            break;
        case kExpression:
            selector_->expressions.emplace_back();
            break;
        case kIngressRule:
        case kEgressRule:
            rule_ = {};
            break;
        case kPeer:
            peer_ = {};
            peer_is_bad_ = false;
            break;
        case kBlock:
            peer_.block.emplace();
            has_cidr_ = false;
            break;
        case kPort:
            port_ = {};
            break;
        default:
            meta_.begin(tag);
    }
}

void Builder<NetworkPolicy>::end(Tag tag) {
    switch (tag) {
        case kSubject:
        case kPeerPods:
        case kPeerSpaces:
            std::sort(selector_->labels.begin(), selector_->labels.end());
            break;
        case kExpression:
        case kBlock:
            break;
        case kIngressRule:
            ingress_.push_back(std::exchange(rule_, {}));
            break;
        case kEgressRule:
            egress_.push_back(std::exchange(rule_, {}));
            break;
        case kPeer:
            rule_.peers.push_back(is_peer_good() ? std::move(peer_) : PolicyPeer{});
            break;
        case kPort:
            rule_.ports.push_back(finished_port());
            break;
        default:
            meta_.end(tag);
    }
}

bool Builder<NetworkPolicy>::is_peer_good() const {
    const bool has_selector = peer_.pods || peer_.spaces;
    return !peer_is_bad_ && (!peer_.block || (has_cidr_ && !has_selector));
}

PolicyPort Builder<NetworkPolicy>::finished_port() const {
    PolicyPort port;
    const auto protocol = protocol_of(port_.protocol);
    port.protocol = protocol.value_or(Protocol::Tcp);
    if (!is_number(port_.port)) {
        port.name = meta_.words().word(port_.port);
    } else if (!port_.port.empty()) {
        port.first = number_of(port_.port);
        port.last = port_.end.empty() ? port.first : number_of(port_.end);
    }
    const bool has_end_without_number =
        !port_.end.empty() && (port_.port.empty() || !port.name.empty());
    const bool is_zero = !port_.port.empty() && port.name.empty() && port.first == 0;
    if (!protocol || has_end_without_number || is_zero) {
        return {port.protocol, {}, kNoFirst, kNoLast};
    }
    return port;
}

bool Builder<NetworkPolicy>::wants(Tag tag, std::string_view key) const {
    return tag == kLabels || meta_.wants(tag, key);
}

void Builder<NetworkPolicy>::value(Tag tag, std::string_view key, std::string_view text) {
    switch (tag) {
        case kType:
            types_.said = true;
            types_.ingress = types_.ingress || text == "Ingress";
            types_.egress = types_.egress || text == "Egress";
            break;
        case kLabels:
            selector_->labels.emplace_back(meta_.words().word(key), meta_.words().word(text));
            break;
        case kExpressionKey:
            selector_->expressions.back().key = meta_.words().word(text);
            break;
        case kOperator:
            if (const auto op = operator_of(text)) {
                selector_->expressions.back().op = *op;
            } else {
                peer_is_bad_ = true;
            }
            break;
        case kValue:
            selector_->expressions.back().values.push_back(meta_.words().word(text));
            break;
        case kCidr:
        case kExcept:
            if (const auto prefix = Prefix::parse(text); !prefix) {
                peer_is_bad_ = true;
            } else if (tag == kCidr) {
                peer_.block->cidr = prefix->network();
                has_cidr_ = true;
            } else {
                peer_.block->except.push_back(prefix->network());
            }
            break;
        case kPortProtocol:
            port_.protocol = text;
            break;
        case kPortPort:
            port_.port = text;
            break;
        case kPortEnd:
            port_.end = text;
            break;
        default:
            meta_.value(tag, key, text);
    }
}

NetworkPolicy Builder<NetworkPolicy>::take() {
    if (!types_.said) {
        types_.ingress = true;
        types_.egress = !egress_.empty();
    }
    policy_.meta = meta_.take();
    policy_.pods = subject_.value_or(LabelSelector{});
    if (types_.ingress) {
        policy_.ingress = std::move(ingress_);
    }
    if (types_.egress) {
        policy_.egress = std::move(egress_);
    }
    types_ = {};
    subject_.reset();
    selector_ = nullptr;
    ingress_.clear();
    egress_.clear();
    return std::exchange(policy_, {});
}

}  // namespace terway::kube
