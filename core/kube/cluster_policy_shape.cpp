#include "kube/cluster_policy_tags.hpp"

namespace terway::kube {
namespace {

Member namespaces() {
    return {"namespaces", selector_shape(kNamespaces)};
}

Member pods() {
    return {"pods", Shape::object({{"namespaceSelector", selector_shape(kPodsSpaces)},
                                   {"podSelector", selector_shape(kPodsPods)}},
                                  kPods)};
}

Shape rules_shape(Tag tag, std::string_view peers, std::vector<Member> kinds_of_peers) {
    const auto range =
        Shape::object({{"start", Shape::text(kFirst)}, {"end", Shape::text(kLast)}}, kRange);
    const auto port = Shape::object({{"number", Shape::text(kNumber)}, {"range", range}}, kPort);
    const auto of = [&](Tag protocol) {
        return Shape::object({{"destinationPort", port}}, protocol);
    };
    const auto protocol = Shape::object({{"tcp", of(kTcp)},
                                         {"udp", of(kUdp)},
                                         {"sctp", of(kSctp)},
                                         {"destinationNamedPort", Shape::text(kPortName)}},
                                        kProtocol);
    return Shape::list(
        Shape::object({{"action", Shape::text(kAction)},
                       {peers, Shape::list(Shape::object(std::move(kinds_of_peers), kPeer))},
                       {"protocols", Shape::list(protocol, kProtocols)}},
                      tag));
}

}  // namespace

template <>
std::vector<Member> members_of<ClusterNetworkPolicy>() {
    const Member networks{"networks", Shape::list(Shape::text(kNetwork), kNetworks)};
    const Member nodes{"nodes", Shape::object({}, kNotUnderstood)};
    const Member domains{"domainNames", Shape::list(Shape::object({}), kNotUnderstood)};
    return {
        {"metadata", meta_shape()},
        {"spec", Shape::object(
                     {{"tier", Shape::text(kTier)},
                      {"priority", Shape::text(kPriority)},
                      {"subject", Shape::object({namespaces(), pods()}, kSubject)},
                      {"ingress", rules_shape(kIngressRule, "from", {namespaces(), pods()})},
                      {"egress", rules_shape(kEgressRule, "to",
                                             {namespaces(), pods(), networks, nodes, domains})}})}};
}

}  // namespace terway::kube
