#include "kube/service.hpp"

#include <charconv>
#include <utility>

#include "kube/network_policy.hpp"
#include "kube/protocol.hpp"

namespace terway::kube {
namespace {

enum ServiceTag : Tag {
    kCreated = kTagAfterMeta,
    kType,
    kClusterIp,
    kClusterIps,
    kExternalIp,
    kAffinity,
    kAffinitySeconds,
    kInternalPolicy,
    kPublishes,
    kSourceRange,
    kPort,
    kPortName,
    kPortProtocol,
    kPortNumber,
    kPortNode,
    kBalancer,
    kBalancerIp,
    kBalancerMode,
};

constexpr std::uint32_t kDefaultAffinity = 10'800;

ServiceType type_of(std::string_view text) {
    if (text == "NodePort") {
        return ServiceType::NodePort;
    }
    if (text == "LoadBalancer") {
        return ServiceType::LoadBalancer;
    }
    return text == "ExternalName" ? ServiceType::ExternalName : ServiceType::ClusterIp;
}

void add(std::vector<IpAddress>& all, std::string_view text) {
    if (const auto address = IpAddress::parse(text)) {
        all.push_back(*address);
    }
}

}  // namespace

template <>
std::vector<Member> members_of<Service>() {
    auto meta = meta_shape();
    meta.members.push_back({"creationTimestamp", Shape::text(kCreated)});
    const auto port = Shape::object({{"name", Shape::text(kPortName)},
                                     {"protocol", Shape::text(kPortProtocol)},
                                     {"port", Shape::text(kPortNumber)},
                                     {"nodePort", Shape::text(kPortNode)}},
                                    kPort);
    const auto affinity = Shape::object(
        {{"clientIP", Shape::object({{"timeoutSeconds", Shape::text(kAffinitySeconds)}})}});
    const auto ingress = Shape::object(
        {{"ip", Shape::text(kBalancerIp)}, {"ipMode", Shape::text(kBalancerMode)}}, kBalancer);
    return {
        {"metadata", std::move(meta)},
        {"spec",
         Shape::object({{"type", Shape::text(kType)},
                        {"clusterIP", Shape::text(kClusterIp)},
                        {"clusterIPs", Shape::list(Shape::text(kClusterIps))},
                        {"externalIPs", Shape::list(Shape::text(kExternalIp))},
                        {"sessionAffinity", Shape::text(kAffinity)},
                        {"sessionAffinityConfig", affinity},
                        {"internalTrafficPolicy", Shape::text(kInternalPolicy)},
                        {"publishNotReadyAddresses", Shape::text(kPublishes)},
                        {"loadBalancerSourceRanges", Shape::list(Shape::text(kSourceRange))},
                        {"ports", Shape::list(port)}})},
        {"status",
         Shape::object({{"loadBalancer", Shape::object({{"ingress", Shape::list(ingress)}})}})}};
}

void Builder<Service>::begin(Tag tag) {
    if (tag == kPort) {
        port_ = {};
        port_is_bad_ = false;
    } else if (tag == kBalancer) {
        balancer_ = {};
    } else {
        meta_.begin(tag);
    }
}

void Builder<Service>::end(Tag tag) {
    if (tag == kPort) {
        if (!port_is_bad_ && port_.number != 0) {
            service_.ports.push_back(std::move(port_));
        }
    } else if (tag == kBalancer) {
        if (!balancer_.is_proxy) {
            add(service_.balancer_ips, balancer_.address);
        }
    } else {
        meta_.end(tag);
    }
}

void Builder<Service>::value(Tag tag, std::string_view key, std::string_view text) {
    switch (tag) {
        case kCreated:
            service_.created = Word(text);
            break;
        case kType:
            service_.type = type_of(text);
            break;
        case kClusterIp:
            cluster_ip_ = text;
            break;
        case kClusterIps:
            add(service_.cluster_ips, text);
            break;
        case kExternalIp:
            add(service_.external_ips, text);
            break;
        case kAffinity:
            has_affinity_ = text == "ClientIP";
            break;
        case kAffinitySeconds:
            (void)std::from_chars(text.data(), text.data() + text.size(),
                                  service_.affinity_seconds);
            break;
        case kInternalPolicy:
            service_.is_local = text == "Local";
            break;
        case kPublishes:
            service_.publishes_not_ready = text == "true";
            break;
        case kSourceRange:
            has_source_ranges_ = true;
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
        case kPortNode:
            port_.node_port = port_number(text);
            break;
        case kBalancerIp:
            balancer_.address = text;
            break;
        case kBalancerMode:
            balancer_.is_proxy = text == "Proxy";
            break;
        default:
            meta_.value(tag, key, text);
    }
}

Service Builder<Service>::take() {
    if (service_.cluster_ips.empty()) {
        add(service_.cluster_ips, cluster_ip_);
    }
    service_.is_headless = service_.cluster_ips.empty();
    // Who may come from where is for the balancer to say.
    if (has_source_ranges_ || service_.type != ServiceType::LoadBalancer) {
        service_.balancer_ips.clear();
    }
    if (!has_affinity_) {
        service_.affinity_seconds = 0;
    } else if (service_.affinity_seconds == 0) {
        service_.affinity_seconds = kDefaultAffinity;
    }
    service_.cluster_ips.shrink_to_fit();
    service_.external_ips.shrink_to_fit();
    service_.balancer_ips.shrink_to_fit();
    service_.ports.shrink_to_fit();
    service_.meta = meta_.take();
    service_.proxy = meta_.words().word(value_of(service_.meta.labels, kServiceProxyLabel));
    cluster_ip_.clear();
    has_affinity_ = false;
    has_source_ranges_ = false;
    return std::exchange(service_, {});
}

}  // namespace terway::kube
