#include <algorithm>

#include "cloud/answer.hpp"
#include "cloud/lists.hpp"
#include "cloud/open_api_cloud.hpp"

namespace terway::cloud {
namespace {

constexpr std::uint32_t kPageSize = 50;
constexpr std::uint32_t kMostPages = 1000;  // an end even if the cloud knows none

}  // namespace

std::vector<VSwitch> OpenApiCloud::describe_vswitches(const std::vector<std::string>& ids,
                                                      const Patience& patience) {
    std::vector<VSwitch> all;
    for (const auto& id : ids) {
        auto parameters = regional();
        parameters["VSwitchId"] = id;
        parameters["PageSize"] = std::to_string(kPageSize);
        const auto page =
            ask({Product::Vpc, "DescribeVSwitches", parameters, true}, patience, read_vswitches);
        all.insert(all.end(), page.vswitches.begin(), page.vswitches.end());
    }
    return all;
}

std::vector<std::string> OpenApiCloud::describe_route_tables(const std::string& vpc,
                                                             const Patience& patience) {
    auto parameters = regional();
    parameters["VpcId"] = vpc;
    parameters["PageSize"] = std::to_string(kPageSize);
    std::vector<RouteTable> tables;
    for (std::uint32_t number = 1; number <= kMostPages; ++number) {
        parameters["PageNumber"] = std::to_string(number);
        const auto page = ask({Product::Vpc, "DescribeRouteTableList", parameters, true}, patience,
                              read_route_tables);
        tables.insert(tables.end(), page.tables.begin(), page.tables.end());
        if (page.tables.empty() || tables.size() >= page.total) {
            break;
        }
    }
    std::stable_partition(tables.begin(), tables.end(),
                          [](const auto& table) { return table.system; });
    std::vector<std::string> ids;
    for (const auto& table : tables) {
        ids.push_back(table.id);
    }
    return ids;
}

std::vector<RouteEntry> OpenApiCloud::describe_route_entries(
    const std::string& table, const std::optional<Prefix>& destination, const Patience& patience) {
    auto parameters = regional();
    parameters["RouteTableId"] = table;
    parameters["RouteEntryType"] = "Custom";
    parameters["MaxResult"] = "100";
    if (destination) {
        parameters["DestinationCidrBlock"] = destination->text();
    }
    std::vector<RouteEntry> all;
    std::string next;
    do {
        const auto page = ask({Product::Vpc, "DescribeRouteEntryList", parameters, true}, patience,
                              read_route_entries);
        for (const auto& entry : page.entries) {
            all.push_back(entry);
            if (all.back().table.empty()) {
                all.back().table = table;
            }
        }
        if (!page.next.empty() && page.next == next) {
            throw ApiError(Reaction::Unknown, "DescribeRouteEntryList", "",
                           "the same page came twice");
        }
        next = page.next;
        parameters["NextToken"] = next;
    } while (!next.empty());
    return all;
}

void OpenApiCloud::create_route_entry(const std::string& table, const Prefix& destination,
                                      const std::string& instance, const std::string& description,
                                      const std::string& token, const Patience& patience) {
    auto parameters = regional();
    parameters["RouteTableId"] = table;
    parameters["DestinationCidrBlock"] = destination.network().text();
    parameters["NextHopType"] = "Instance";
    parameters["NextHopId"] = instance;
    parameters["ClientToken"] = token;
    put_unless_empty(parameters, "Description", description);
    static_cast<void>(api_->call({Product::Vpc, "CreateRouteEntry", parameters, true}, patience));
}

void OpenApiCloud::delete_route_entry(const RouteEntry& entry, const Patience& patience) {
    auto parameters = regional();
    if (!entry.id.empty()) {
        parameters["RouteEntryId"] = entry.id;
    } else {
        parameters["RouteTableId"] = entry.table;
        parameters["DestinationCidrBlock"] = entry.destination.text();
        parameters["NextHopId"] = entry.next_hop;
    }
    static_cast<void>(api_->call({Product::Vpc, "DeleteRouteEntry", parameters, false}, patience));
}

}  // namespace terway::cloud
