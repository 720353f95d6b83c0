#include "kube/network_policy.hpp"

#include <algorithm>
#include <charconv>

namespace terway::kube {
namespace {

enum PolicyTag : Tag {
    kSpec = kTagAfterSelector,
    kSubject,
    kTypes,
    kType,
    kIngress,
    kIngressRule,
    kEgress,
    kEgressRule,
    kPeers,
    kPeer,
    kPeerPods,
    kPeerSpaces,
    kBlock,
    kCidr,
    kExcepts,
    kExcept,
    kPorts,
    kPort,
    kPortProtocol,
    kPortName,
    kPortNumber,
    kPortEnd,
};

// Matches nothing: no number is from 1 to 0.
PolicyPort no_port() {
    return {Protocol::Tcp, {}, 1, 0};
}

constexpr std::size_t kLongestPortName = 15;

using enum Shape::Scalar;

Shape rules_shape(Tag tag, Tag rule, std::string_view peers) {
    const auto block =
        Shape::object({{"cidr", Shape::text(kCidr, String)},
                       {"except", Shape::list(Shape::text(kExcept, String), kExcepts)}},
                      kBlock);
    const auto peer = Shape::object({{"podSelector", selector_shape(kPeerPods)},
                                     {"namespaceSelector", selector_shape(kPeerSpaces)},
                                     {"ipBlock", block}},
                                    kPeer);
    const auto port = Shape::object({{"protocol", Shape::text(kPortProtocol, String)},
                                     {"port", Shape::string_or_number(kPortName, kPortNumber)},
                                     {"endPort", Shape::text(kPortEnd, Number)}},
                                    kPort);
    return Shape::list(
        Shape::object({{"ports", Shape::list(port, kPorts)}, {peers, Shape::list(peer, kPeers)}},
                      rule),
        tag);
}

std::optional<Protocol> protocol_of(std::string_view text) {
    if (text == "TCP") {
        return Protocol::Tcp;
    }
    if (text == "UDP") {
        return Protocol::Udp;
    }
    return text == "SCTP" ? std::optional(Protocol::Sctp) : std::nullopt;
}

bool is_letter(char c) {
    return c >= 'a' && c <= 'z';
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

std::uint16_t port_number(std::string_view text) {
    std::uint16_t number = 0;
    const auto* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, number);
    return error == std::errc() && at == end ? number : 0;
}

bool is_port_name(std::string_view text) {
    return !text.empty() && text.size() <= kLongestPortName && text.front() != '-' &&
           text.back() != '-' && text.find("--") == std::string_view::npos &&
           std::any_of(text.begin(), text.end(), is_letter) &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
}

template <>
std::vector<Member> members_of<NetworkPolicy>() {
    return {
        {"metadata", meta_shape()},
        {"spec", Shape::object({{"podSelector", selector_shape(kSubject)},
                                {"policyTypes", Shape::list(Shape::text(kType, String), kTypes)},
                                {"ingress", rules_shape(kIngress, kIngressRule, "from")},
                                {"egress", rules_shape(kEgress, kEgressRule, "to")}},
                               kSpec)}};
}

void Builder<NetworkPolicy>::open_selector(std::optional<LabelSelector>& selector) {
    selector_.open(selector.emplace());
}

void Builder<NetworkPolicy>::add_bad_peer() {
    policy_.is_bad = true;
    rule_.peers.emplace_back();
}

void Builder<NetworkPolicy>::add_bad_port() {
    policy_.is_bad = true;
    rule_.ports.push_back(no_port());
}

void Builder<NetworkPolicy>::add_bad_rule(std::vector<PolicyRule>& rules) {
    policy_.is_bad = true;
    rules.push_back({{no_port()}, {PolicyPeer{}}});
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
            subject_is_bad_ = subject_is_bad_ || selector_.is_bad();
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
            if (is_peer_good()) {
                rule_.peers.push_back(std::move(peer_));
            } else {
                add_bad_peer();
            }
            break;
        case kPort:
            if (auto port = finished_port()) {
                rule_.ports.push_back(std::move(*port));
            } else {
                add_bad_port();
            }
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

std::optional<PolicyPort> Builder<NetworkPolicy>::finished_port() const {
    const auto protocol = port_.protocol ? protocol_of(*port_.protocol) : Protocol::Tcp;
    if (!protocol || port_.is_bad || (port_.end && !port_.number)) {
        return std::nullopt;
    }
    PolicyPort port;
    port.protocol = *protocol;
    if (port_.name) {
        port.name = meta_.words().word(*port_.name);
        return is_port_name(*port_.name) ? std::optional(port) : std::nullopt;
    }
    if (port_.number) {
        port.first = port_number(*port_.number);
        port.last = port_number(port_.end.value_or(*port_.number));
        return port.first != 0 && port.first <= port.last ? std::optional(port) : std::nullopt;
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
        case kPortName:
            port_.name = text;
            break;
        case kPortNumber:
            port_.number = text;
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

void Builder<NetworkPolicy>::misfit(Tag tag) {
    switch (tag) {
        case kSpec:
        case kSubject:
            subject_is_bad_ = true;
            break;
        case kTypes:
        case kType:
        case kIngress:
        case kEgress:
            types_.is_bad = true;
            break;
        case kIngressRule:
            add_bad_rule(ingress_);
            break;
        case kEgressRule:
            add_bad_rule(egress_);
            break;
        case kPeers:
        case kPeer:
            add_bad_peer();
            break;
        case kPeerPods:
        case kPeerSpaces:
        case kBlock:
        case kCidr:
        case kExcepts:
        case kExcept:
            peer_is_bad_ = true;
            break;
        case kPorts:
        case kPort:
            add_bad_port();
            break;
        case kPortProtocol:
        case kPortName:
        case kPortEnd:
            port_.is_bad = true;
            break;
        default:
            selector_.misfit(tag);
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
