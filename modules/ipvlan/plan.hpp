// What an endpoint looks like in the kernel, decided without touching it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "netlink/route.hpp"
#include "netlink/rule.hpp"
#include "terway/types.hpp"

namespace terway::ipvlan {

// What holds for every endpoint of the node.
struct NodeFacts {
    std::uint32_t mtu = 1500;
    std::vector<IpAddress> addresses;  // the node's own; at most one a family
};

// One pod.
struct Plan {
    std::string ifname;  // of the slave in the sandbox
    std::string alias;   // marks it as this endpoint's: "terway <container id>/<ifname>"
    // Of the host's routes to the pod: a hash of the key, so that they are found by it when nobody
    // remembers the addresses, and a late detach takes no route of an address's next owner.
    std::uint32_t metric = 0;
    std::uint32_t mtu = 0;
    std::uint32_t eni_ifindex = 0;  // 0 when nobody remembers the ENI
    std::string eni;                // its id, for texts
    Mac mac;                        // the ENI's, and so of all its slaves
    std::vector<Prefix> addresses;  // host prefixes
    std::vector<Prefix> subnets;    // of the vSwitch, those of the addresses' families
    std::vector<IpAddress> gateways;
    std::vector<IpAddress> node;  // the node's own addresses of the pod's families
    [[nodiscard]] bool has_v6() const;
};

// Throws Error(Invalid) for an endpoint that cannot be: a name too long, an address that is no host
// prefix.
[[nodiscard]] Plan plan(const sdk::EndpointView& endpoint, const NodeFacts& node);
// Throws Error(Invalid) if the endpoint is on no ENI or lacks a gateway or a subnet there.
void expect_on_eni(const Plan& plan);

// The host's slave of an ENI.
[[nodiscard]] std::string host_slave_name(std::uint32_t eni_ifindex);

// In the pod. An address has the length of its subnet, so that neighbours on it are on link.
[[nodiscard]] std::vector<Prefix> pod_addresses(const Plan& plan);
// All slaves of an ENI have one MAC; the host's answers no ARP for the node.
[[nodiscard]] std::vector<netlink::Neighbour> pod_neighbours(const Plan& plan,
                                                             std::uint32_t pod_ifindex);
// To the node itself, through its slave.
[[nodiscard]] std::vector<netlink::Route> pod_node_routes(const Plan& plan,
                                                          std::uint32_t pod_ifindex);
[[nodiscard]] std::vector<netlink::Route> pod_default_routes(const Plan& plan,
                                                             std::uint32_t pod_ifindex);
// On the host, through its slave.
[[nodiscard]] std::vector<netlink::Route> host_routes(const Plan& plan,
                                                      std::uint32_t slave_ifindex);
// Beside them, so that the host does not ask for pods, which the VPC would hear.
[[nodiscard]] std::vector<netlink::Neighbour> host_neighbours(const Plan& plan,
                                                              std::uint32_t slave_ifindex);

// So that pods of dataplanes with policy rules find the pod here before their own rules lead them
// to an ENI; the priority is that of the routed dataplanes.
[[nodiscard]] std::vector<netlink::Rule> host_rules(const std::vector<Prefix>& addresses);

// What must be remembered of an endpoint whose sandbox is out of reach.
struct Memory {
    std::uint32_t pod_ifindex = 0;
    std::uint32_t mtu = 0;

    [[nodiscard]] std::string text() const;
    // Zeros from what text() did not write.
    [[nodiscard]] static Memory parse(std::string_view text);
};

}  // namespace terway::ipvlan
