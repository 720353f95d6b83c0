// The ENI quotas of instance types. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace terway::sim {

struct InstanceType {
    std::string id;
    std::uint32_t enis = 0;   // with the primary one
    std::uint32_t ipv4 = 0;   // addresses and prefixes of an ENI, with the primary address
    std::uint32_t ipv6 = 0;   // addresses and prefixes of an ENI
    std::uint32_t total = 0;  // with members of trunks
    bool trunk = false;
    bool jumbo = false;
    bool guessed = false;

    bool operator==(const InstanceType&) const = default;
};

using InstanceTypes = std::map<std::string, InstanceType>;

// As in sim/data/instance-types.json; `name` stands for the file in messages. Throws
// Error(Invalid).
[[nodiscard]] InstanceTypes parse_instance_types(const std::string& json, const std::string& name);
// The table that comes with the simulator.
[[nodiscard]] InstanceTypes known_instance_types();

}  // namespace terway::sim
