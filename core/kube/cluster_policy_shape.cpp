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

using enum Shape::Scalar;

Shape rules_shape(Tag tag, Tag rule, std::string_view peers, std::vector<Member> kinds_of_peers) {
    const auto range = Shape::object(
        {{"start", Shape::text(kFirst, Number)}, {"end", Shape::text(kLast, Number)}}, kRange);
    const auto port =
        Shape::object({{"number", Shape::text(kNumber, Number)}, {"range", range}}, kPort);
    const auto of = [&](Tag protocol) {
        return Shape::object({{"destinationPort", port}}, protocol);
    };
    const auto protocol = Shape::object({{"tcp", of(kTcp)},
                                         {"udp", of(kUdp)},
                                         {"sctp", of(kSctp)},
                                         {"destinationNamedPort", Shape::text(kPortName, String)}},
                                        kProtocol);
    return Shape::list(
        Shape::object({{"action", Shape::text(kAction, String)},
                       {peers, Shape::list(Shape::object(std::move(kinds_of_peers), kPeer))},
                       {"protocols", Shape::list(protocol, kProtocols)}},
                      rule),
        tag);
}

}  // namespace

template <>
std::vector<Member> members_of<ClusterNetworkPolicy>() {
    const Member networks{"networks", Shape::list(Shape::text(kNetwork, String), kNetworks)};
    const Member nodes{"nodes", Shape::object({}, kNotUnderstood)};
    const Member domains{"domainNames", Shape::list(Shape::object({}), kNotUnderstood)};
    return {{"metadata", meta_shape()},
            {"spec",
             Shape::object(
                 {{"tier", Shape::text(kTier, String)},
                  {"priority", Shape::text(kPriority, Number)},
                  {"subject", Shape::object({namespaces(), pods()}, kSubject)},
                  {"ingress", rules_shape(kIngress, kIngressRule, "from", {namespaces(), pods()})},
                  {"egress", rules_shape(kEgress, kEgressRule, "to",
                                         {namespaces(), pods(), networks, nodes, domains})}})}};
}

}  // namespace terway::kube
