// Service of the core API, with what a service proxy reads of it; its defaults are filled in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kube/objects.hpp"

namespace terway::kube {

enum class ServiceType : std::uint8_t { ClusterIp, NodePort, LoadBalancer, ExternalName };

struct ServicePort {
    Word name;
    Protocol protocol = Protocol::Tcp;
    std::uint16_t number = 0;
    std::uint16_t node_port = 0;  // 0: none

    friend bool operator==(const ServicePort&, const ServicePort&) = default;
};

struct Service {
    Meta meta;
    Word created;  // creationTimestamp, as it is written: these sort by age
    Word proxy;    // who serves it, by its label; empty: every node's service proxy
    ServiceType type = ServiceType::ClusterIp;
    bool is_headless = false;  // or has no address yet
    std::vector<IpAddress> cluster_ips;
    std::vector<IpAddress> external_ips;
    // Of its load balancer, as far as nodes may take traffic to them for it.
    std::vector<IpAddress> balancer_ips;
    std::vector<ServicePort> ports;
    std::uint32_t affinity_seconds = 0;  // 0: none
    bool is_local = false;               // internalTrafficPolicy Local
    bool publishes_not_ready = false;    // publishNotReadyAddresses
};

template <>
struct Kind<Service> {
    static constexpr std::string_view kName = "Service";
    static constexpr std::string_view kGroup = "/api/v1";
    static constexpr std::string_view kPlural = "services";
    static constexpr bool kNamespaced = true;
};

// What the API server should have refused, a port that is no number or an address that is none, is
// left out.
template <>
class Builder<Service> {
public:
    Builder(Words& words, Wanted annotations) : meta_(words, std::move(annotations)) {}
    void begin(Tag tag);
    void end(Tag tag);
    [[nodiscard]] bool wants(Tag tag, std::string_view key) const { return meta_.wants(tag, key); }
    void value(Tag tag, std::string_view key, std::string_view text);
    [[nodiscard]] Service take();

private:
    // As they are written.
    struct Balancer {
        std::string address;
        bool is_proxy = false;  // its traffic has to pass it
    };

    MetaReader meta_;
    Service service_;
    ServicePort port_;
    bool port_is_bad_ = false;
    std::string cluster_ip_;  // for servers that send no list
    bool has_affinity_ = false;
    bool has_source_ranges_ = false;
    Balancer balancer_;
};

template <>
[[nodiscard]] std::vector<Member> members_of<Service>();

// The label on a Service, and on its slices, that another proxy than the node's serves.
inline constexpr std::string_view kServiceProxyLabel = "service.kubernetes.io/service-proxy-name";
// Leaves Services of other proxies and headless ones out, and their slices.
inline constexpr std::string_view kServiceSelector =
    "!service.kubernetes.io/service-proxy-name,!service.kubernetes.io/headless";

}  // namespace terway::kube
