// The answers of the cloud's API, read into plain data. Pure. Every function throws Error(Internal)
// if the text is not a JSON object or an address in it cannot be read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cloud/eni.hpp"

namespace terway::cloud {

// A no, or what little a proxy's page says: then all is empty.
struct Refusal {
    std::string code;
    std::string message;
    std::string request_id;
};
// Does not throw.
[[nodiscard]] Refusal read_refusal(std::string_view body);

struct EniPage {
    std::vector<Eni> enis;
    std::string next;  // empty: the last page
};
[[nodiscard]] EniPage read_enis(std::string_view body);
// Also throws if the ENI has no id.
[[nodiscard]] Eni read_created_eni(std::string_view body);
[[nodiscard]] AddressSet read_assigned_ipv4(std::string_view body);
[[nodiscard]] AddressSet read_assigned_ipv6(std::string_view body);
[[nodiscard]] std::vector<InstanceLimits> read_instance_types(std::string_view body);

struct VSwitchPage {
    std::vector<VSwitch> vswitches;
    std::uint64_t total = 0;
};
[[nodiscard]] VSwitchPage read_vswitches(std::string_view body);

struct RouteTable {
    std::string id;
    bool system = false;
};
struct RouteTablePage {
    std::vector<RouteTable> tables;
    std::uint64_t total = 0;
};
[[nodiscard]] RouteTablePage read_route_tables(std::string_view body);

struct RouteEntryPage {
    std::vector<RouteEntry> entries;
    std::string next;
};
[[nodiscard]] RouteEntryPage read_route_entries(std::string_view body);

}  // namespace terway::cloud
