#include <gmock/gmock.h>

#include "kube/endpoint_slice.hpp"
#include "kube/object_sink.hpp"
#include "kube/protocol.hpp"
#include "kube/service.hpp"
#include "kube_testing.hpp"

namespace terway::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Reads each text with one and the same builder; the last object.
template <class Object>
Object read_last(const std::vector<std::string>& texts) {
    static Words words;
    const auto shape = Shape::object(members_of<Object>());
    ObjectSink<Object> sink(words, is_terway_annotation);
    JsonReader reader(shape, sink);
    Object last;
    for (const auto& text : texts) {
        reader.feed(text);
        last = sink.take();
    }
    reader.finish();
    return last;
}
template <class Object>
Object read(const std::string& text) {
    return read_last<Object>({text});
}

IpAddress ip(const char* text) {
    return *IpAddress::parse(text);
}

constexpr const char* kWeb = R"({"kind": "Service", "metadata": {
    "name": "web", "namespace": "shop", "uid": "u1", "resourceVersion": "42",
    "creationTimestamp": "2024-05-01T12:00:00Z", "labels": {"app": "web"}},
  "spec": {"type": "LoadBalancer", "clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1", "fd00::1"],
    "externalIPs": ["203.0.113.1"], "selector": {"app": "web"}, "sessionAffinity": "ClientIP",
    "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 60}},
    "internalTrafficPolicy": "Local", "externalTrafficPolicy": "Local",
    "publishNotReadyAddresses": true,
    "ports": [{"name": "http", "port": 80, "targetPort": "http", "nodePort": 30080},
        {"name": "dns", "protocol": "UDP", "port": 53, "targetPort": 5353}]},
  "status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.1"}, {"hostname": "lb.example.com"},
        {"ip": "198.51.100.2", "ipMode": "Proxy"}, {"ip": "fd99::1", "ipMode": "VIP"}]}}})";

TEST(KubeService, HasTheFieldsAServiceProxyUses) {
    const auto service = read<Service>(kWeb);
    EXPECT_EQ(service.meta.name, "web");
    EXPECT_EQ(service.created, "2024-05-01T12:00:00Z");
    EXPECT_TRUE(service.proxy.empty());
    EXPECT_EQ(service.type, ServiceType::LoadBalancer);
    EXPECT_FALSE(service.is_headless);
    EXPECT_THAT(service.cluster_ips, ElementsAre(ip("10.96.0.1"), ip("fd00::1")));
    EXPECT_THAT(service.external_ips, ElementsAre(ip("203.0.113.1")));
    EXPECT_EQ(service.affinity_seconds, 60U);
    EXPECT_TRUE(service.is_local);
    EXPECT_TRUE(service.publishes_not_ready);
    ASSERT_EQ(service.ports.size(), 2U);
    EXPECT_EQ(service.ports[0].name, "http");
    EXPECT_EQ(service.ports[0].protocol, Protocol::Tcp);
    EXPECT_EQ(service.ports[0].number, 80);
    EXPECT_EQ(service.ports[0].node_port, 30080);
    EXPECT_EQ(service.ports[1].protocol, Protocol::Udp);
    EXPECT_EQ(service.ports[1].node_port, 0);
}

TEST(KubeService, LeavesTrafficToALoadBalancerThatWantsToSeeIt) {
    EXPECT_THAT(read<Service>(kWeb).balancer_ips, ElementsAre(ip("198.51.100.1"), ip("fd99::1")));
    EXPECT_THAT(read<Service>(R"({"spec": {"type": "LoadBalancer", "clusterIP": "10.96.0.1",
        "loadBalancerSourceRanges": ["192.0.2.0/24"]},
        "status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.1"}]}}})")
                    .balancer_ips,
                IsEmpty());
    EXPECT_THAT(read<Service>(R"({"spec": {"type": "ClusterIP", "clusterIP": "10.96.0.1"},
        "status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.1"}]}}})")
                    .balancer_ips,
                IsEmpty())
        << "of a type it had before";
}

TEST(KubeService, FillsDefaultsIn) {
    const auto plain =
        read<Service>(R"({"spec": {"clusterIP": "10.96.0.1", "ports": [{"port": 1}]}})");
    EXPECT_THAT(plain.cluster_ips, ElementsAre(ip("10.96.0.1"))) << "of a server without the list";
    EXPECT_EQ(plain.type, ServiceType::ClusterIp);
    EXPECT_EQ(plain.affinity_seconds, 0U);
    EXPECT_FALSE(plain.is_local);
    EXPECT_EQ(plain.ports.at(0).protocol, Protocol::Tcp);
    EXPECT_TRUE(plain.ports.at(0).name.empty());
    EXPECT_EQ(read<Service>(R"({"spec": {"sessionAffinity": "ClientIP"}})").affinity_seconds,
              10800U);
}

TEST(KubeService, KnowsWhoIsNoneOfTheNodesBusiness) {
    EXPECT_TRUE(
        read<Service>(R"({"spec": {"clusterIP": "None", "clusterIPs": ["None"]}})").is_headless);
    EXPECT_EQ(read<Service>(R"({"spec": {"type": "ExternalName", "externalName": "a.b"}})").type,
              ServiceType::ExternalName);
    EXPECT_EQ(read<Service>(R"({"metadata": {"labels":
        {"service.kubernetes.io/service-proxy-name": "mesh"}}})")
                  .proxy,
              "mesh");
}

TEST(KubeService, LeavesOutWhatTheServerShouldHaveRefused) {
    const auto service = read<Service>(R"({"spec": {"clusterIPs": ["10.96.0.1", "x", "10.96.0.300"],
        "externalIPs": [""], "ports": [{"port": 0}, {"port": 65536}, {"port": 80, "protocol": "ICMP"},
        {"name": "no-number"}, {"port": 81}]}})");
    EXPECT_THAT(service.cluster_ips, ElementsAre(ip("10.96.0.1")));
    EXPECT_THAT(service.external_ips, IsEmpty());
    ASSERT_EQ(service.ports.size(), 1U);
    EXPECT_EQ(service.ports[0].number, 81);
}

TEST(KubeService, CarriesNothingOverToTheNext) {
    const auto plain = read_last<Service>(
        {kWeb, R"({"metadata": {"name": "b"}, "spec": {"clusterIP": "10.96.0.2"}})"});
    EXPECT_TRUE(plain.created.empty());
    EXPECT_THAT(plain.cluster_ips, ElementsAre(ip("10.96.0.2")));
    EXPECT_THAT(plain.external_ips, IsEmpty());
    EXPECT_THAT(plain.balancer_ips, IsEmpty());
    EXPECT_THAT(plain.ports, IsEmpty());
    EXPECT_EQ(plain.affinity_seconds, 0U);
    EXPECT_FALSE(plain.is_local);
    EXPECT_FALSE(plain.publishes_not_ready);
}

constexpr const char* kSlice = R"({"kind": "EndpointSlice", "addressType": "IPv4",
  "metadata": {"name": "web-abc", "namespace": "shop", "resourceVersion": "7",
    "labels": {"kubernetes.io/service-name": "web",
               "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}},
  "endpoints": [
    {"addresses": ["10.0.0.1"], "conditions": {"ready": true, "serving": true, "terminating": false},
     "nodeName": "n1", "zone": "a", "hints": {"forZones": [{"name": "a"}, {"name": "b"}]},
     "targetRef": {"kind": "Pod", "name": "web-1"}},
    {"addresses": ["10.0.0.2", "10.0.0.9"], "conditions": {"ready": false, "serving": true,
     "terminating": true}, "hints": {"forNodes": [{"name": "n2"}]}},
    {"addresses": ["10.0.0.3"], "conditions": {"ready": null}},
    {"addresses": ["10.0.0.4"]}],
  "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}, {"name": "dns", "port": 5353,
     "protocol": "UDP"}, {"name": "any", "port": null, "protocol": "TCP"}, {"port": 9}]})";

TEST(KubeEndpointSlice, HasTheFieldsAServiceProxyUses) {
    const auto slice = read<EndpointSlice>(kSlice);
    EXPECT_EQ(slice.meta.name, "web-abc");
    EXPECT_EQ(slice.service, "web");
    EXPECT_EQ(slice.family, Family::V4);
    ASSERT_EQ(slice.endpoints.size(), 4U);
    const auto& first = slice.endpoints[0];
    EXPECT_EQ(first.address, ip("10.0.0.1"));
    EXPECT_TRUE(first.is_ready && first.is_serving && !first.is_terminating);
    EXPECT_EQ(first.node, "n1");
    EXPECT_EQ(first.zones, "a,b");
    EXPECT_TRUE(first.nodes.empty());
    const auto& second = slice.endpoints[1];
    EXPECT_EQ(second.address, ip("10.0.0.2"));
    EXPECT_TRUE(!second.is_ready && second.is_serving && second.is_terminating);
    EXPECT_TRUE(second.node.empty());
    EXPECT_EQ(second.nodes, "n2");
}

TEST(KubeEndpointSlice, TakesAnUnknownConditionForReady) {
    const auto slice = read<EndpointSlice>(kSlice);
    for (const auto i : {2U, 3U}) {
        EXPECT_TRUE(slice.endpoints[i].is_ready) << i;
        EXPECT_TRUE(slice.endpoints[i].is_serving) << i;
        EXPECT_FALSE(slice.endpoints[i].is_terminating) << i;
    }
}

TEST(KubeEndpointSlice, IgnoresPortsWithoutANumber) {
    const auto slice = read<EndpointSlice>(kSlice);
    ASSERT_EQ(slice.ports.size(), 3U);
    EXPECT_EQ(slice.ports[0], (SlicePort{Word("http"), Protocol::Tcp, 8080}));
    EXPECT_EQ(slice.ports[1], (SlicePort{Word("dns"), Protocol::Udp, 5353}));
    EXPECT_EQ(slice.ports[2], (SlicePort{{}, Protocol::Tcp, 9}));
}

TEST(KubeEndpointSlice, KeepsNoLabels) {
    EXPECT_THAT(read<EndpointSlice>(kSlice).meta.labels, IsEmpty());
}

TEST(KubeEndpointSlice, LeavesOutWhatIsNoAddressOfItsFamily) {
    EXPECT_EQ(
        read<EndpointSlice>(R"({"addressType": "IPv6", "endpoints": [{"addresses": ["fd00::1"]},
        {"addresses": ["10.0.0.1"]}, {"addresses": ["x"]}, {"addresses": []}]})")
            .endpoints.size(),
        1U);
    const auto names =
        read<EndpointSlice>(R"({"addressType": "FQDN", "endpoints": [{"addresses": ["a.b"]}]})");
    EXPECT_FALSE(names.family);
    EXPECT_THAT(names.endpoints, IsEmpty());
}

TEST(KubeEndpointSlice, CarriesNothingOverToTheNext) {
    const auto plain = read_last<EndpointSlice>(
        {kSlice, R"({"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.7"]}]})"});
    EXPECT_TRUE(plain.service.empty());
    EXPECT_THAT(plain.ports, IsEmpty());
    ASSERT_EQ(plain.endpoints.size(), 1U);
    EXPECT_EQ(plain.endpoints[0], (SliceEndpoint{ip("10.0.0.7"), true, true, false, {}, {}, {}}));
}

TEST(KubeEndpointSlice, TellsOneNameAmongSeveral) {
    EXPECT_TRUE(is_among("a", "a"));
    EXPECT_TRUE(is_among("b", "a,b,c"));
    EXPECT_TRUE(is_among("c", "a,b,c"));
    EXPECT_FALSE(is_among("a", "aa,ba"));
    EXPECT_FALSE(is_among("", "a"));
    EXPECT_FALSE(is_among("a", ""));
}

TEST(KubeProtocol, HasANameAndANumber) {
    for (const auto each : {Protocol::Tcp, Protocol::Udp, Protocol::Sctp}) {
        EXPECT_EQ(protocol_by_name(name_of(each)), each);
        EXPECT_EQ(protocol_by_number(number_of(each)), each);
    }
    EXPECT_FALSE(protocol_by_name("tcp"));
    EXPECT_FALSE(protocol_by_number(1));
}

}  // namespace
}  // namespace terway::kube
