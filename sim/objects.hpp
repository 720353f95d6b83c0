// What a VPC consists of, as plain data. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/address.hpp"

namespace terway::sim {

// The length of a prefix that an ENI can own.
[[nodiscard]] constexpr std::uint8_t delegated_length(Family family) noexcept {
    return family == Family::V4 ? 28 : 80;
}

struct Vpc {
    Prefix cidr;
    std::optional<Prefix> cidr6;
    // Whether the fabric answers ARP and neighbour solicitations for addresses nobody owns.
    bool answer_unallocated = true;
    // A route makes its next hop a legal sender and receiver of the destination, whatever its
    // source/destination check. If false, a next hop with the check on gets nothing routed.
    bool routes_imply_forwarding = true;
    // A NAT gateway (IPv4) and an IPv6 gateway lead to a host outside.
    bool internet = true;
    std::string id = "vpc-sim";
    // 100.64.0.0/10 leads to the cloud's services.
    bool services = false;
};

struct VSwitch {
    std::string id;
    Prefix cidr;
    std::optional<Prefix> cidr6;
    std::string zone = "cn-hangzhou-i";

    // Of the family, or null if the vSwitch has none.
    [[nodiscard]] const Prefix* prefix(Family family) const;
    // The third last address, .253 in a /24; null if the vSwitch lacks the family.
    [[nodiscard]] std::optional<IpAddress> gateway(Family family) const;
    // IPv4: the network address and the last three. IPv6: the first and the last nine.
    [[nodiscard]] bool reserves(const IpAddress& address) const;
};

struct Instance {
    std::string id;
    std::string name;
    std::uint32_t mtu = 1500;
    std::string type = "ecs.g7.4xlarge";
};

struct Attachment {
    std::string instance;
    std::uint32_t device = 0;  // 0 is the primary ENI's; the guest calls the NIC eth<device>

    [[nodiscard]] bool primary() const noexcept { return device == 0; }
};

struct Eni {
    std::string id;
    Mac mac;
    std::string vswitch;
    IpAddress primary;                 // IPv4
    std::vector<IpAddress> secondary;  // IPv4
    std::vector<IpAddress> ipv6;
    bool source_dest_check = true;
    std::optional<Attachment> attachment;
    std::vector<Prefix> prefixes;  // delegated whole: IPv4 /28, IPv6 /80

    // Primary first, then secondary, then IPv6.
    [[nodiscard]] std::vector<IpAddress> addresses() const;
};

// What to create; empty members are chosen by the model.
struct EniRequest {
    std::string id;
    std::string vswitch;
    std::optional<Mac> mac;  // 00:16:3e:...
    std::optional<IpAddress> primary;
    std::vector<IpAddress> secondary;  // IPv4 beside the primary
    std::vector<IpAddress> ipv6;
    bool source_dest_check = true;
    std::vector<Prefix> prefixes;
};

struct NextHop {
    enum class Kind : std::uint8_t { Instance, Eni };
    Kind kind = Kind::Instance;  // an instance stands for its primary ENI
    std::string id;
};

struct VpcRoute {
    Prefix destination;
    NextHop next_hop;
};

}  // namespace terway::sim
