#include <boost/json.hpp>

#include "sim/cloud/actions.hpp"

namespace terway::sim {
namespace {

namespace json = boost::json;

struct WishNames {
    const char* address;
    const char* count;
    std::size_t most;
    const char* prefix;
    const char* prefix_count;
};
constexpr WishNames kIpv4{"PrivateIpAddress", "SecondaryPrivateIpAddressCount", 49, "Ipv4Prefix",
                          "Ipv4PrefixCount"};
constexpr WishNames kIpv6{"Ipv6Address", "Ipv6AddressCount", 10, "Ipv6Prefix", "Ipv6PrefixCount"};
constexpr std::size_t kPrefixesAtOnce = 10;

// At most one of the four ways to ask.
Wish wish_of(const Request& request, const WishNames& names, std::size_t most) {
    Wish wish;
    wish.addresses = request.addresses(names.address);
    wish.address_count = request.count(names.count, 1, most, 0);
    wish.prefixes = request.prefixes(names.prefix);
    wish.prefix_count = request.count(names.prefix_count, 1, kPrefixesAtOnce, 0);
    const int ways = int{!wish.addresses.empty()} + int{wish.address_count != 0} +
                     int{!wish.prefixes.empty()} + int{wish.prefix_count != 0};
    if (ways > 1) {
        refuse_call(400, "InvalidParameter.Conflict",
                    std::string("Only one of ") + names.address + ", " + names.count + ", " +
                        names.prefix + " and " + names.prefix_count + " may be specified.");
    }
    return wish;
}

Wish required_wish(const Request& request, const WishNames& names, std::size_t most) {
    Wish wish = wish_of(request, names, most);
    if (wish.slots() == 0) {
        refuse_call(403, "MissingParameter",
                    std::string("The input parameter \"") + names.count +
                        "\" that is mandatory for processing this request is not supplied.");
    }
    return wish;
}

std::vector<std::string> groups_of(const Request& request, const std::string& list) {
    auto groups = request.list(list);
    const auto one = request.optional_text("SecurityGroupId");
    if (one && !groups.empty()) {
        refuse_call(400, "InvalidParameter.Conflict",
                    "SecurityGroupId and SecurityGroupIds exclude each other.");
    }
    if (one) {
        groups.push_back(*one);
    }
    return groups;
}

json::object create(Cloud& cloud, const Request& request) {
    EniWish wish;
    wish.vswitch = request.text("VSwitchId");
    if (const auto primary = request.optional_text("PrimaryIpAddress")) {
        wish.primary = IpAddress::parse(*primary);
        if (!wish.primary) {
            refuse_call(403, "InvalidIp.Address", *primary + " is no IP address.");
        }
    }
    wish.ipv4 = wish_of(request, kIpv4, kIpv4.most);
    wish.ipv6 = wish_of(request, kIpv6, kIpv6.most);
    wish.source_dest_check = request.boolean("SourceDestCheck").value_or(false);
    wish.record.name = request.text("NetworkInterfaceName");
    wish.record.description = request.text("Description");
    wish.record.delete_on_release = request.boolean("DeleteOnRelease").value_or(true);
    wish.record.tags = request.tags();
    wish.record.security_groups = groups_of(request, "SecurityGroupIds");
    if (wish.record.security_groups.empty()) {
        refuse_call(400, "MissingParameter",
                    "The input parameter \"SecurityGroupId\" that is mandatory for processing this "
                    "request is not supplied.");
    }
    const std::string type = request.text("InstanceType");
    if (!type.empty() && type != "Secondary") {
        refuse_call(400, "UnsupportedParameter", "InstanceType " + type + " is not simulated.");
    }
    const std::string id = cloud.enis().create(wish, request.call().now).id;
    return eni_object(cloud, *cloud.enis().now().at(id));
}

json::array texts(const auto& values) {
    json::array all;
    for (const auto& value : values) {
        all.emplace_back(value.text());
    }
    return all;
}

json::object assign(Cloud& cloud, const Request& request, Family family) {
    const std::string eni = request.text("NetworkInterfaceId");
    const bool v4 = family == Family::V4;
    constexpr std::size_t kMostIpv6 = 49;
    const Wish wish =
        v4 ? required_wish(request, kIpv4, kIpv4.most) : required_wish(request, kIpv6, kMostIpv6);
    const Given given = cloud.enis().assign(eni, family, wish, request.call().now);
    if (!v4) {
        return {{"NetworkInterfaceId", eni},
                {"Ipv6Sets", {{"Ipv6Address", texts(given.addresses)}}},
                {"Ipv6PrefixSets", {{"Ipv6Prefix", texts(given.prefixes)}}}};
    }
    return {{"AssignedPrivateIpAddressesSet",
             {{"NetworkInterfaceId", eni},
              {"PrivateIpSet", {{"PrivateIpAddress", texts(given.addresses)}}},
              {"Ipv4PrefixSet", {{"Ipv4Prefixes", texts(given.prefixes)}}}}}};
}

json::object unassign(Cloud& cloud, const Request& request, const WishNames& names) {
    const Given what{request.addresses(names.address), request.prefixes(names.prefix)};
    if (what.addresses.empty() == what.prefixes.empty()) {
        refuse_call(
            403, "MissingParameter",
            std::string("Either ") + names.address + " or " + names.prefix + " must be specified.");
    }
    cloud.enis().unassign(request.text("NetworkInterfaceId"), what, request.call().now);
    return {};
}

json::object modify(Cloud& cloud, const Request& request) {
    cloud.enis().modify(request.text("NetworkInterfaceId"),
                        request.optional_text("NetworkInterfaceName"),
                        request.optional_text("Description"), request.list("SecurityGroupId"),
                        request.boolean("SourceDestCheck"), {}, request.call().now);
    return {};
}

json::object tag(Cloud& cloud, const Request& request) {
    if (request.text("ResourceType") != "eni") {
        refuse_call(404, "InvalidResourceType.NotFound",
                    "Only resources of type eni are simulated.");
    }
    const auto ids = request.list("ResourceId");
    constexpr std::size_t kMost = 50;
    if (ids.size() > kMost) {
        refuse_call(400, "NumberExceed.ResourceIds", "More than 50 resources.");
    }
    for (const auto& id : ids) {
        if (!cloud.enis().now().contains(id)) {
            refuse_call(404, "InvalidResourceId.NotFound",
                        "The specified ENI " + id + " is not found.");
        }
    }
    for (const auto& id : ids) {
        cloud.enis().modify(id, {}, {}, {}, {}, request.tags(), request.call().now);
    }
    return {};
}

}  // namespace

json::object run_ecs_change(Cloud& cloud, const Request& request) {
    const std::string& action = request.call().action;
    const std::string eni = request.text("NetworkInterfaceId");
    const WallTime now = request.call().now;
    if (action == "CreateNetworkInterface") {
        return create(cloud, request);
    }
    if (action == "AttachNetworkInterface") {
        if (request.optional_text("TrunkNetworkInstanceId")) {
            refuse_call(400, "UnsupportedParameter", "Trunks are not simulated.");
        }
        cloud.enis().attach(eni, request.text("InstanceId"), now);
        return {};
    }
    if (action == "DetachNetworkInterface") {
        cloud.enis().detach(eni, request.text("InstanceId"), now);
        return {};
    }
    if (action == "DeleteNetworkInterface") {
        cloud.enis().remove(eni, now);
        return {};
    }
    if (action == "ModifyNetworkInterfaceAttribute") {
        return modify(cloud, request);
    }
    if (action == "TagResources") {
        return tag(cloud, request);
    }
    if (action == "AssignPrivateIpAddresses" || action == "AssignIpv6Addresses") {
        return assign(cloud, request, action == "AssignIpv6Addresses" ? Family::V6 : Family::V4);
    }
    return unassign(cloud, request, action == "UnassignIpv6Addresses" ? kIpv6 : kIpv4);
}

}  // namespace terway::sim
