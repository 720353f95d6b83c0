#include "kube/endpoint_slice.hpp"

#include "kube/network_policy.hpp"
#include "kube/protocol.hpp"

namespace terway::kube {
namespace {

enum SliceTag : Tag {
    kAddressType = kTagAfterMeta,
    kServiceLabel,
    kEndpoint,
    kAddress,
    kReady,
    kServing,
    kTerminating,
    kNodeName,
    kForZone,
    kForNode,
    kPort,
    kPortName,
    kPortProtocol,
    kPortNumber,
};

constexpr std::string_view kServiceName = "kubernetes.io/service-name";

void append(std::string& names, std::string_view name) {
    names.append(names.empty() ? "" : ",").append(name);
}

}  // namespace

bool is_among(std::string_view name, std::string_view names) noexcept {
    while (!name.empty() && !names.empty()) {
        const auto comma = names.find(',');
        if (names.substr(0, comma) == name) {
            return true;
        }
        names = comma == std::string_view::npos ? std::string_view() : names.substr(comma + 1);
    }
    return false;
}

template <>
std::vector<Member> members_of<EndpointSlice>() {
    auto meta = meta_shape();
    for (auto& member : meta.members) {
        if (member.name == "labels") {
            member.shape = Shape::map(kServiceLabel);
        }
    }
    const auto conditions = Shape::object({{"ready", Shape::text(kReady)},
                                           {"serving", Shape::text(kServing)},
                                           {"terminating", Shape::text(kTerminating)}});
    const auto hints = Shape::object(
        {{"forZones", Shape::list(Shape::object({{"name", Shape::text(kForZone)}}))},
         {"forNodes", Shape::list(Shape::object({{"name", Shape::text(kForNode)}}))}});
    const auto endpoint = Shape::object({{"addresses", Shape::list(Shape::text(kAddress))},
                                         {"conditions", conditions},
                                         {"nodeName", Shape::text(kNodeName)},
                                         {"hints", hints}},
                                        kEndpoint);
    const auto port = Shape::object({{"name", Shape::text(kPortName)},
                                     {"protocol", Shape::text(kPortProtocol)},
                                     {"port", Shape::text(kPortNumber)}},
                                    kPort);
    return {{"metadata", std::move(meta)},
            {"addressType", Shape::text(kAddressType)},
            {"endpoints", Shape::list(endpoint)},
            {"ports", Shape::list(port)}};
}

void Builder<EndpointSlice>::begin(Tag tag) {
    if (tag == kEndpoint) {
        endpoint_ = {};
        address_.clear();
        zones_.clear();
        nodes_.clear();
    } else if (tag == kPort) {
        port_ = {};
        port_is_bad_ = false;
    } else {
        meta_.begin(tag);
    }
}

void Builder<EndpointSlice>::end(Tag tag) {
    if (tag == kEndpoint) {
        if (const auto address = IpAddress::parse(address_)) {
            endpoint_.address = *address;
            endpoint_.zones = meta_.words().word(zones_);
            endpoint_.nodes = meta_.words().word(nodes_);
            slice_.endpoints.push_back(std::move(endpoint_));
        }
    } else if (tag == kPort) {
        if (!port_is_bad_ && port_.number != 0) {
            slice_.ports.push_back(std::move(port_));
        }
    } else {
        meta_.end(tag);
    }
}

bool Builder<EndpointSlice>::wants(Tag tag, std::string_view key) const {
    return tag == kServiceLabel ? key == kServiceName : meta_.wants(tag, key);
}

void Builder<EndpointSlice>::value(Tag tag, std::string_view key, std::string_view text) {
    switch (tag) {
        case kAddressType:
            slice_.family = text == "IPv4"   ? std::optional(Family::V4)
                            : text == "IPv6" ? std::optional(Family::V6)
                                             : std::nullopt;
            break;
        case kServiceLabel:
            slice_.service = meta_.words().word(text);
            break;
        case kAddress:
            if (address_.empty()) {
                address_ = text;
            }
            break;
        case kReady:
            endpoint_.is_ready = text == "true";
            break;
        case kServing:
            endpoint_.is_serving = text == "true";
            break;
        case kTerminating:
            endpoint_.is_terminating = text == "true";
            break;
        case kNodeName:
            endpoint_.node = meta_.words().word(text);
            break;
        case kForZone:
            append(zones_, text);
            break;
        case kForNode:
            append(nodes_, text);
            break;
        case kPortName:
            port_.name = meta_.words().word(text);
            break;
        case kPortProtocol:
            if (const auto protocol = protocol_by_name(text)) {
                port_.protocol = *protocol;
            } else {
                port_is_bad_ = true;
            }
            break;
        case kPortNumber:
            port_.number = port_number(text);
            break;
        default:
            meta_.value(tag, key, text);
    }
}

EndpointSlice Builder<EndpointSlice>::take() {
    std::erase_if(slice_.endpoints, [&](const SliceEndpoint& each) {
        return each.address.family() != slice_.family;
    });
    slice_.endpoints.shrink_to_fit();
    slice_.ports.shrink_to_fit();
    slice_.meta = meta_.take();
    return std::exchange(slice_, {});
}

}  // namespace terway::kube
