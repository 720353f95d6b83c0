#include "kube/network_policy.hpp"

#include <algorithm>
#include <charconv>

namespace terway::kube {
namespace {

enum PolicyTag : Tag {
    kSubject = kTagAfterSelector,
    kType,
    kIngressRule,
    kEgressRule,
    kPeer,
    kPeerPods,
    kPeerSpaces,
    kBlock,
    kCidr,
    kExcept,
    kPort,
    kPortProtocol,
    kPortPort,
    kPortEnd,
};

// Matches nothing: no number is from 1 to 0.
PolicyPort no_port() {
    return {Protocol::Tcp, {}, 1, 0};
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

bool is_number(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::uint16_t port_number(std::string_view text) {
    std::uint16_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, number);
    return error == std::errc() && at == end ? number : 0;
}

template <>
std::vector<Member> members_of<NetworkPolicy>() {
    return {{"metadata", meta_shape()},
            {"spec", Shape::object({{"podSelector", selector_shape(kSubject)},
                                    {"policyTypes", Shape::list(Shape::text(kType))},
                                    {"ingress", rules_shape(kIngressRule, "from")},
                                    {"egress", rules_shape(kEgressRule, "to")}})}};
}

void Builder<NetworkPolicy>::open_selector(std::optional<LabelSelector>& selector) {
    selector_.open(selector.emplace());
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
            if (!selector_.begin(tag)) {
                meta_.begin(tag);
            }
    }
}

void Builder<NetworkPolicy>::end(Tag tag) {
    switch (tag) {
        case kSubject:
            selector_.close();
            subject_is_bad_ = selector_.is_bad();
            break;
        case kPeerPods:
        case kPeerSpaces:
            selector_.close();
            peer_is_bad_ = peer_is_bad_ || selector_.is_bad();
            break;
        case kBlock:
            break;
        case kIngressRule:
            ingress_.push_back(std::exchange(rule_, {}));
            break;
        case kEgressRule:
            egress_.push_back(std::exchange(rule_, {}));
            break;
        case kPeer:
            if (!is_peer_good()) {
                policy_.is_bad = true;
                peer_ = {};
            }
            rule_.peers.push_back(std::move(peer_));
            break;
        case kPort:
            rule_.ports.push_back(finished_port());
            policy_.is_bad = policy_.is_bad || rule_.ports.back() == no_port();
            break;
        default:
            if (!selector_.end(tag)) {
                meta_.end(tag);
            }
    }
}

bool Builder<NetworkPolicy>::is_peer_good() const {
    const bool has_selector = peer_.pods || peer_.spaces;
    return !peer_is_bad_ && (peer_.block ? has_cidr_ && !has_selector : has_selector);
}

PolicyPort Builder<NetworkPolicy>::finished_port() const {
    PolicyPort port;
    const auto protocol = protocol_of(port_.protocol);
    port.protocol = protocol.value_or(Protocol::Tcp);
    if (!is_number(port_.port)) {
        port.name = meta_.words().word(port_.port);
    } else if (!port_.port.empty()) {
        port.first = port_number(port_.port);
        port.last = port_.end.empty() ? port.first : port_number(port_.end);
    }
    const bool has_end_without_number =
        !port_.end.empty() && (port_.port.empty() || !port.name.empty());
    const bool is_zero = !port_.port.empty() && port.name.empty() && port.first == 0;
    if (!protocol || has_end_without_number || is_zero) {
        return no_port();
    }
    return port;
}

bool Builder<NetworkPolicy>::wants(Tag tag, std::string_view key) const {
    return SelectorReader::wants(tag) || meta_.wants(tag, key);
}

void Builder<NetworkPolicy>::value(Tag tag, std::string_view key, std::string_view text) {
    switch (tag) {
        case kType:
            types_.said = true;
            types_.ingress = types_.ingress || text == "Ingress";
            types_.egress = types_.egress || text == "Egress";
            types_.is_bad = types_.is_bad || (text != "Ingress" && text != "Egress");
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
            if (!selector_.value(tag, key, text, meta_.words())) {
                meta_.value(tag, key, text);
            }
    }
}

NetworkPolicy Builder<NetworkPolicy>::take() {
    if (!types_.said) {
        types_.ingress = true;
        types_.egress = !egress_.empty();
    }
    policy_.meta = meta_.take();
    if (subject_is_bad_ || types_.is_bad) {
        policy_.is_bad = true;
        types_.ingress = types_.egress = true;
    }
    if (subject_is_bad_) {
        subject_.reset();
        ingress_.clear();
        egress_.clear();
    }
    policy_.pods = subject_.value_or(LabelSelector{});
    if (types_.ingress) {
        policy_.ingress = std::move(ingress_);
    }
    if (types_.egress) {
        policy_.egress = std::move(egress_);
    }
    types_ = {};
    subject_.reset();
    subject_is_bad_ = false;
    ingress_.clear();
    egress_.clear();
    return std::exchange(policy_, {});
}

}  // namespace terway::kube
