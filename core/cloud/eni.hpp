// What the cloud knows about an ENI, a vSwitch, an instance type and a route, as plain data. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "base/time.hpp"

namespace terway::cloud {

// The wire's words are "Creating", "Available", ...; "Unlinked" and later inventions are Unknown.
enum class EniStatus : std::uint8_t {
    Creating,
    Available,
    Attaching,
    InUse,
    Detaching,
    Deleting,
    Unknown,
};
enum class EniType : std::uint8_t { Primary, Secondary, Trunk, Member, Unknown };

[[nodiscard]] std::string_view name_of(EniStatus status);
[[nodiscard]] std::string_view name_of(EniType type);

using Tags = std::map<std::string, std::string>;

struct Eni {
    std::string id;
    Mac mac;
    EniStatus status = EniStatus::Unknown;
    EniType type = EniType::Secondary;
    std::string name;
    std::string vswitch;
    std::string vpc;
    std::string zone;
    std::string instance;  // empty while attached to none
    std::vector<std::string> security_groups;
    Tags tags;
    IpAddress primary;            // IPv4; it cannot be unassigned
    std::vector<IpAddress> ipv4;  // the primary one first
    std::vector<IpAddress> ipv6;
    std::vector<Prefix> ipv4_prefixes;  // /28
    std::vector<Prefix> ipv6_prefixes;  // /80
    std::optional<WallTime> created;
    bool service_managed = false;

    bool operator==(const Eni&) const = default;
};

// How much of each kind to put on an ENI. Addresses and prefixes of one family exclude each other.
struct AddressWish {
    std::uint32_t ipv4 = 0;  // secondary ones: the primary address of a new ENI comes on top
    std::uint32_t ipv6 = 0;
    std::uint32_t ipv4_prefixes = 0;
    std::uint32_t ipv6_prefixes = 0;

    bool operator==(const AddressWish&) const = default;
};

// What an Assign or Unassign is about; the answer of an Assign names only what is new.
struct AddressSet {
    std::vector<IpAddress> ipv4;
    std::vector<IpAddress> ipv6;
    std::vector<Prefix> ipv4_prefixes;
    std::vector<Prefix> ipv6_prefixes;

    [[nodiscard]] bool empty() const {
        return ipv4.empty() && ipv6.empty() && ipv4_prefixes.empty() && ipv6_prefixes.empty();
    }
    bool operator==(const AddressSet&) const = default;
};

struct NewEni {
    std::string vswitch;
    std::vector<std::string> security_groups;
    std::string resource_group;  // empty: the account's default
    std::string name;
    std::string description;
    Tags tags;
    AddressWish addresses;

    bool operator==(const NewEni&) const = default;
};

// Empty members match everything.
struct EniFilter {
    std::vector<std::string> ids;
    std::string instance;
    std::string vpc;
    std::optional<EniStatus> status;
    Tags tags;
};

// Quotas of an instance type.
struct InstanceLimits {
    std::string type;
    std::uint32_t enis = 0;          // the primary one included
    std::uint32_t ipv4_per_eni = 0;  // the ENI's primary address included
    std::uint32_t ipv6_per_eni = 0;
    std::uint32_t total_enis = 0;  // with members of a trunk
    bool trunk = false;

    bool operator==(const InstanceLimits&) const = default;
};

struct VSwitch {
    std::string id;
    std::string vpc;
    std::string zone;
    Prefix cidr;
    std::optional<Prefix> cidr6;
    std::uint64_t free = 0;  // addresses; lags behind
    std::string route_table;

    bool operator==(const VSwitch&) const = default;
};

struct RouteEntry {
    std::string table;
    std::string id;
    Prefix destination;
    std::string status;         // "Available", "Pending", "Modifying"
    std::string type;           // "System", "Custom", ...
    std::string next_hop_type;  // "Instance", "NetworkInterface", ...
    std::string next_hop;
    std::string description;

    bool operator==(const RouteEntry&) const = default;
};

}  // namespace terway::cloud
