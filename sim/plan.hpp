// What the kernel must hold for a model: ports, deliveries, answers to address resolution. Pure;
// the fabric makes it so.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "sim/model.hpp"

namespace terway::sim {

// The source of every frame the VPC sends, and its answer to every address resolution.
inline constexpr Mac kVpcMac{{0xee, 0xff, 0xff, 0xff, 0xff, 0xff}};
// The fabric's link to the gateways outside; a delivery may name it like a port.
inline constexpr const char* kUplink = "uplink";
// The fabric's link to the cloud's services.
inline constexpr const char* kServices = "services";
// The IPv6 router of every vSwitch.
[[nodiscard]] IpAddress router_link_local();

// What DHCP would give the primary ENI of a node.
struct NicConfig {
    Prefix address;
    IpAddress gateway;
    std::optional<Prefix> address6;
    std::optional<IpAddress> gateway6;

    bool operator==(const NicConfig&) const = default;
};

// An attached ENI: a NIC in a node, its other end in the fabric.
struct Port {
    std::string name;  // of the fabric end: "eni-" and the last three bytes of the MAC
    std::string eni;
    Mac mac;
    std::string node;
    std::string nic;  // in the node: eth<device>
    std::uint32_t mtu = 0;
    std::optional<NicConfig> config;  // empty: the NIC stays down and bare

    bool operator==(const Port&) const = default;
};

// What a port may ask for and gets an answer to.
struct Neighbourhood {
    Mac mac;
    std::vector<Prefix> on_link;
    std::set<IpAddress> own;       // never answered: nobody else has them
    std::set<IpAddress> gateways;  // always answered
    std::vector<Prefix> own_prefixes;

    bool operator==(const Neighbourhood&) const = default;
};

struct Plan {
    std::set<std::string> nodes;               // names
    std::map<std::string, Port> ports;         // by name
    std::map<Prefix, std::string> deliveries;  // to a port; longest prefix wins; "" drops
    std::map<std::string, Neighbourhood> neighbourhoods;  // by port
    std::set<std::string> unchecked;                      // ports that may send from any source
    std::set<Prefix> inside;  // sources the gateways to the outside accept
    bool internet = false;
    bool services = false;
    bool answer_unallocated = true;
};

[[nodiscard]] Plan plan_of(const Model& model);

// Whether the VPC answers an ARP request or neighbour solicitation for `target` seen on `port`.
[[nodiscard]] bool answers(const Plan& plan, const std::string& port, const IpAddress& target);
// Whether `target` is a router of the port's vSwitch.
[[nodiscard]] bool is_gateway(const Plan& plan, const std::string& port, const IpAddress& target);

}  // namespace terway::sim
