#include <algorithm>
#include <charconv>

#include "kube/objects.hpp"
#include "kube/quantity.hpp"

namespace terway::kube {
namespace {

enum PodTag : Tag {
    kNode = kTagAfterMeta,
    kHostNetwork,
    kContainer,
    kInitContainer,
    kRequests,
    kPort,
    kPortName,
    kPortNumber,
    kPortProtocol,
    kPhase,
    kAddress,
    kAddresses,
};

Phase phase_of(std::string_view text) {
    if (text == "Pending") {
        return Phase::Pending;
    }
    if (text == "Running") {
        return Phase::Running;
    }
    if (text == "Succeeded") {
        return Phase::Succeeded;
    }
    return text == "Failed" ? Phase::Failed : Phase::Unknown;
}

Protocol protocol_of(std::string_view text) {
    if (text == "UDP") {
        return Protocol::Udp;
    }
    return text == "SCTP" ? Protocol::Sctp : Protocol::Tcp;
}

std::uint16_t port_of(std::string_view text) {
    std::uint16_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

template <class Combine>
void combine(Amounts& all, const Amounts& more, Combine how) {
    for (const auto& amount : more) {
        const auto found = std::find_if(all.begin(), all.end(), [&](const Amount& one) {
            return one.resource == amount.resource;
        });
        if (found == all.end()) {
            all.push_back(amount);
        } else {
            found->count = how(found->count, amount.count);
        }
    }
}

const auto kSum = [](std::uint64_t a, std::uint64_t b) { return a + b; };
const auto kMost = [](std::uint64_t a, std::uint64_t b) { return std::max(a, b); };

}  // namespace

std::uint64_t amount_of(const Amounts& amounts, std::string_view resource) {
    const auto found = std::find_if(amounts.begin(), amounts.end(), [&](const Amount& amount) {
        return amount.resource == resource;
    });
    return found == amounts.end() ? 0 : found->count;
}

template <>
std::vector<Member> members_of<Pod>() {
    const auto resources = Shape::object({{"requests", Shape::map(kRequests)}});
    const auto port = Shape::object({{"name", Shape::text(kPortName)},
                                     {"containerPort", Shape::text(kPortNumber)},
                                     {"protocol", Shape::text(kPortProtocol)}},
                                    kPort);
    const auto container =
        Shape::object({{"ports", Shape::list(port)}, {"resources", resources}}, kContainer);
    const auto init_container = Shape::object({{"resources", resources}}, kInitContainer);
    return {{"metadata", meta_shape()},
            {"spec", Shape::object({{"nodeName", Shape::text(kNode)},
                                    {"hostNetwork", Shape::text(kHostNetwork)},
                                    {"containers", Shape::list(container)},
                                    {"initContainers", Shape::list(init_container)}})},
            {"status",
             Shape::object(
                 {{"phase", Shape::text(kPhase)},
                  {"podIP", Shape::text(kAddress)},
                  {"podIPs", Shape::list(Shape::object({{"ip", Shape::text(kAddresses)}}))}})}};
}

void Builder<Pod>::begin(Tag tag) {
    if (tag == kPort) {
        port_ = {};
    } else if (tag == kContainer || tag == kInitContainer) {
        asked_.clear();
    } else {
        meta_.begin(tag);
    }
}

void Builder<Pod>::end(Tag tag) {
    if (tag == kPort) {
        if (!port_.name.empty()) {
            pod_.ports.push_back(std::move(port_));
        }
    } else if (tag == kContainer) {
        combine(pod_.requests, asked_, kSum);
    } else if (tag == kInitContainer) {
        combine(highest_, asked_, kMost);
    } else {
        meta_.end(tag);
    }
}

bool Builder<Pod>::wants(Tag tag, std::string_view key) const {
    return tag == kRequests ? key.starts_with("aliyun/") : meta_.wants(tag, key);
}

void Builder<Pod>::value(Tag tag, std::string_view key, std::string_view text) {
    switch (tag) {
        case kNode:
            pod_.node = meta_.words().word(text);
            break;
        case kHostNetwork:
            pod_.host_network = text == "true";
            break;
        case kRequests:
            asked_.push_back({meta_.words().word(key), parse_count(text)});
            break;
        case kPortName:
            port_.name = meta_.words().word(text);
            break;
        case kPortNumber:
            port_.number = port_of(text);
            break;
        case kPortProtocol:
            port_.protocol = protocol_of(text);
            break;
        case kPhase:
            pod_.phase = phase_of(text);
            break;
        case kAddress:
            address_ = Word(text);
            break;
        case kAddresses:
            if (const auto address = IpAddress::parse(text)) {
                pod_.addresses.push_back(*address);
            }
            break;
        default:
            meta_.value(tag, key, text);
    }
}

Pod Builder<Pod>::take() {
    const auto only = IpAddress::parse(address_.view());
    if (pod_.addresses.empty() && only) {
        pod_.addresses.push_back(*only);
    }
    combine(pod_.requests, highest_, kMost);
    pod_.requests.shrink_to_fit();
    pod_.ports.shrink_to_fit();
    pod_.addresses.shrink_to_fit();
    pod_.meta = meta_.take();
    address_ = {};
    highest_.clear();
    return std::exchange(pod_, {});
}

}  // namespace terway::kube
