#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <ctime>

#include "sim/cloud/actions.hpp"

namespace terway::sim {
namespace {

namespace json = boost::json;

bool chosen(const std::string& wanted, const std::string& is) {
    return wanted.empty() || ("," + wanted + ",").find("," + is + ",") != std::string::npos;
}

json::value optional_text(const std::optional<Prefix>& prefix) {
    return json::value(prefix ? prefix->text() : std::string());
}

json::object numbered(const Cloud& cloud, const Request& request, const json::array& all,
                      const char* outer, const char* inner) {
    const Page page = page_by_number(cloud, request, all.size());
    json::array list(all.begin() + static_cast<std::ptrdiff_t>(page.begin),
                     all.begin() + static_cast<std::ptrdiff_t>(page.end));
    return {{outer, {{inner, list}}},
            {"TotalCount", all.size()},
            {"PageNumber", request.count("PageNumber", 1, 100000, 1)},
            {"PageSize", request.count("PageSize", 1, 50, 10)}};
}

json::object describe_vswitches(Cloud& cloud, const Request& request) {
    json::array all;
    for (const auto& [id, vswitch] : cloud.model().vswitches()) {
        if (!chosen(request.text("VSwitchId"), id) ||
            !chosen(request.text("VpcId"), cloud.model().vpc().id) ||
            !chosen(request.text("ZoneId"), vswitch.zone)) {
            continue;
        }
        all.push_back(json::object{
            {"VSwitchId", id},
            {"VSwitchName", id},
            {"VpcId", cloud.model().vpc().id},
            {"ZoneId", vswitch.zone},
            {"Status", "Available"},
            {"CidrBlock", vswitch.cidr.text()},
            {"Ipv6CidrBlock", optional_text(vswitch.cidr6)},
            {"EnabledIpv6", vswitch.cidr6.has_value()},
            {"AvailableIpAddressCount", cloud.enis().available(id)},
            {"RouteTable",
             {{"RouteTableId", cloud.routes().table()}, {"RouteTableType", "System"}}}});
    }
    return numbered(cloud, request, all, "VSwitches", "VSwitch");
}

json::array vswitch_ids(const Cloud& cloud) {
    json::array ids;
    for (const auto& [id, vswitch] : cloud.model().vswitches()) {
        ids.emplace_back(id);
    }
    return ids;
}

json::object describe_vpcs(Cloud& cloud, const Request& request) {
    const Vpc& vpc = cloud.model().vpc();
    json::array all;
    if (chosen(request.text("VpcId"), vpc.id)) {
        all.push_back(json::object{
            {"VpcId", vpc.id},
            {"VpcName", vpc.id},
            {"RegionId", cloud.settings().region},
            {"Status", "Available"},
            {"CidrBlock", vpc.cidr.text()},
            {"Ipv6CidrBlock", optional_text(vpc.cidr6)},
            {"SecondaryCidrBlocks", {{"SecondaryCidrBlock", json::array{}}}},
            {"UserCidrs", {{"UserCidr", json::array{}}}},
            {"VRouterId", "vrt-" + vpc.id},
            {"RouterTableIds", {{"RouterTableIds", json::array{cloud.routes().table()}}}},
            {"VSwitchIds", {{"VSwitchId", vswitch_ids(cloud)}}}});
    }
    return numbered(cloud, request, all, "Vpcs", "Vpc");
}

json::object describe_tables(Cloud& cloud, const Request& request) {
    const Vpc& vpc = cloud.model().vpc();
    json::array all;
    if (chosen(request.text("VpcId"), vpc.id) &&
        chosen(request.text("RouteTableId"), cloud.routes().table())) {
        all.push_back(json::object{{"RouteTableId", cloud.routes().table()},
                                   {"RouteTableName", ""},
                                   {"RouteTableType", "System"},
                                   {"RouterId", "vrt-" + vpc.id},
                                   {"RouterType", "VRouter"},
                                   {"VpcId", vpc.id},
                                   {"AssociateType", "VSwitch"},
                                   {"Status", "Available"},
                                   {"VSwitchIds", {{"VSwitchId", vswitch_ids(cloud)}}}});
    }
    return numbered(cloud, request, all, "RouterTableList", "RouterTableListType");
}

void check_table(Cloud& cloud, const std::string& table) {
    if (table != cloud.routes().table()) {
        refuse_call(404, "InvalidRouteTableId.NotFound",
                    "The specified route table does not exist.");
    }
}

json::object entry_object(const Cloud& cloud, const std::string& table, const RouteRecord& record,
                          const std::string& type) {
    json::array hops;
    if (!record.next_hop.empty()) {
        hops.push_back(json::object{{"NextHopId", record.next_hop},
                                    {"NextHopType", record.type},
                                    {"NextHopRegionId", cloud.settings().region},
                                    {"Enabled", 1}});
    } else {
        hops.push_back(json::object{{"NextHopId", ""}, {"NextHopType", record.type}});
    }
    return {{"RouteEntryId", record.id},
            {"RouteTableId", table},
            {"DestinationCidrBlock", record.destination.text()},
            {"Description", record.description},
            {"IpVersion", record.destination.is_v4() ? "IPv4" : "IPv6"},
            {"Status", record.status},
            {"Type", type},
            {"NextHops", {{"NextHop", hops}}}};
}

json::object describe_entries(Cloud& cloud, const Request& request) {
    const std::string table = request.text("RouteTableId");
    check_table(cloud, table);
    json::array all;
    const auto add = [&](const RouteRecord& record, const std::string& type) {
        if (chosen(request.text("RouteEntryType"), type) &&
            chosen(request.text("DestinationCidrBlock"), record.destination.text()) &&
            chosen(request.text("RouteEntryId"), record.id) &&
            chosen(request.text("NextHopId"), record.next_hop)) {
            all.push_back(entry_object(cloud, table, record, type));
        }
    };
    for (const auto& [id, vswitch] : cloud.model().vswitches()) {
        RouteRecord system;
        system.id = "rte-" + id;
        system.destination = vswitch.cidr;
        system.type = "local";
        add(system, "System");
    }
    RouteRecord services;
    services.id = "rte-services";
    services.destination = *Prefix::parse("100.64.0.0/10");
    services.type = "service";
    add(services, "System");
    for (const auto& record : cloud.routes().list()) {
        add(record, "Custom");
    }
    const Page page = page_by_token(cloud, request, all.size(), "MaxResult", 1, 100);
    json::array list(all.begin() + static_cast<std::ptrdiff_t>(page.begin),
                     all.begin() + static_cast<std::ptrdiff_t>(page.end));
    return {{"RouteEntrys", {{"RouteEntry", list}}}, {"NextToken", page.next}};
}

Prefix destination_of(const std::string& text) {
    const auto prefix = Prefix::parse(text);
    const auto address = IpAddress::parse(text);
    if (!prefix && !address) {
        refuse_call(400, "InvalidCidrBlock.Malformed", text + " is no CIDR block.");
    }
    return prefix ? *prefix : Prefix::host(*address);
}

json::object create_entry(Cloud& cloud, const Request& request) {
    check_table(cloud, request.text("RouteTableId"));
    RouteRecord wish;
    wish.destination = destination_of(request.text("DestinationCidrBlock"));
    wish.next_hop = request.text("NextHopId");
    wish.type = request.optional_text("NextHopType").value_or("Instance");
    wish.description = request.text("Description");
    if (wish.type != "Instance" && wish.type != "NetworkInterface") {
        refuse_call(400, "InvalidNextHop",
                    "Next hops of type " + wish.type + " are not simulated.");
    }
    return {{"RouteEntryId", cloud.routes().create(wish, request.call().now)}};
}

json::object delete_entry(Cloud& cloud, const Request& request) {
    const std::string id = request.text("RouteEntryId");
    std::optional<Prefix> destination;
    if (id.empty()) {
        check_table(cloud, request.text("RouteTableId"));
        destination = destination_of(request.text("DestinationCidrBlock"));
    }
    cloud.routes().remove(id, destination, request.text("NextHopId"), request.call().now);
    return {};
}

std::size_t capped(const Cloud& cloud, std::size_t size) {
    const std::size_t limit = cloud.settings().page_limit;
    return limit == 0 ? size : std::min(size, limit);
}

}  // namespace

Page page_by_token(const Cloud& cloud, const Request& request, std::size_t total,
                   const std::string& size_name, std::size_t least, std::size_t most) {
    constexpr std::size_t kDefault = 10;
    constexpr std::string_view kStem = "AAAAAdDWBF2w";
    Page page;
    if (const auto token = request.text("NextToken"); !token.empty()) {
        if (!token.starts_with(kStem) ||
            token.find_first_not_of("0123456789", kStem.size()) != std::string::npos) {
            refuse_call(400, "InvalidParameter", "The specified NextToken is not valid.");
        }
        page.begin = std::min<std::size_t>(std::stoul("0" + token.substr(kStem.size())), total);
    }
    const std::size_t asked = request.count(size_name, 0, 1000000, kDefault);
    page.end = std::min(page.begin + capped(cloud, std::clamp(asked, least, most)), total);
    if (page.end < total) {
        page.next = std::string(kStem) + std::to_string(page.end);
    }
    return page;
}

Page page_by_number(const Cloud& cloud, const Request& request, std::size_t total) {
    const std::size_t number = request.count("PageNumber", 1, 100000, 1);
    const std::size_t size = capped(cloud, request.count("PageSize", 1, 500, 10));
    Page page;
    page.begin = std::min((number - 1) * size, total);
    page.end = std::min(page.begin + size, total);
    return page;
}

std::string iso_time(WallTime time) {
    return fmt::format(
        "{:%Y-%m-%dT%H:%M:%SZ}",
        std::chrono::floor<std::chrono::seconds>(
            std::chrono::time_point_cast<std::chrono::system_clock::duration>(time)));
}

std::optional<WallTime> parse_iso_time(const std::string& text) {
    std::tm parts{};
    const char* end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    if (end == nullptr || *end != '\0') {
        return std::nullopt;
    }
    return WallTime(std::chrono::seconds(::timegm(&parts)));
}

json::object run_vpc(Cloud& cloud, const Request& request) {
    const std::string& action = request.call().action;
    if (action == "DescribeVSwitches") {
        return describe_vswitches(cloud, request);
    }
    if (action == "DescribeVpcs") {
        return describe_vpcs(cloud, request);
    }
    if (action == "DescribeRouteTableList") {
        return describe_tables(cloud, request);
    }
    if (action == "DescribeRouteEntryList") {
        return describe_entries(cloud, request);
    }
    return action == "CreateRouteEntry" ? create_entry(cloud, request)
                                        : delete_entry(cloud, request);
}

json::object run_sts(Cloud& cloud, const Request& request) {
    const std::string arn = request.text("RoleArn");
    const std::string role = arn.substr(arn.rfind('/') + 1);
    if (!cloud.keys().has_role(role)) {
        refuse_call(404, "EntityNotExist.Role", "The role " + arn + " does not exist.");
    }
    const std::chrono::seconds life(request.count("DurationSeconds", 900, 43200, 3600));
    const AccessKey key = cloud.keys().assume(role, life, request.call().now, cloud.dice());
    return {{"Credentials",
             {{"AccessKeyId", key.id},
              {"AccessKeySecret", key.secret},
              {"SecurityToken", key.security_token},
              {"Expiration", iso_time(*key.expires)}}},
            {"AssumedRoleUser",
             {{"Arn", arn + "/" + request.text("RoleSessionName")}, {"AssumedRoleId", role}}},
            {"OIDCTokenInfo", {{"Subject", "system:serviceaccount"}}}};
}

}  // namespace terway::sim
