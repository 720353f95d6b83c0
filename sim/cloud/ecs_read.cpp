#include <algorithm>
#include <boost/json.hpp>

#include "sim/cloud/actions.hpp"

namespace terway::sim {
namespace {

namespace json = boost::json;

template <class Value>
bool has(const std::vector<Value>& all, const Value& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
}

template <class Value>
bool meets(const std::vector<Value>& wanted, const std::vector<Value>& there) {
    return wanted.empty() || std::any_of(wanted.begin(), wanted.end(),
                                         [&](const Value& one) { return has(there, one); });
}

bool equals(const std::string& wanted, const std::string& is) {
    return wanted.empty() || wanted == is;
}

bool is_primary(const EniView& view) {
    return view.eni.attachment && view.eni.attachment->primary();
}

bool selected(const Cloud& cloud, const Request& request, const EniView& view) {
    const auto tags = request.tags();
    const auto group = request.text("SecurityGroupId");
    auto ipv4 = view.eni.secondary;
    ipv4.push_back(view.eni.primary);
    return meets(request.list("NetworkInterfaceId"), {view.eni.id}) &&
           equals(request.text("InstanceId"), view.record.instance) &&
           equals(request.text("VSwitchId"), view.eni.vswitch) &&
           equals(request.text("VpcId"), cloud.model().vpc().id) &&
           equals(request.text("Type"), is_primary(view) ? "Primary" : "Secondary") &&
           equals(request.text("Status"), name_of(view.record.status)) &&
           equals(request.text("NetworkInterfaceName"), view.record.name) &&
           equals(request.text("PrimaryIpAddress"), view.eni.primary.text()) &&
           (group.empty() || has(view.record.security_groups, group)) &&
           meets(request.addresses("PrivateIpAddress"), ipv4) &&
           meets(request.addresses("Ipv6Address"), view.eni.ipv6) &&
           request.text("ServiceManaged") != "true" &&
           std::all_of(tags.begin(), tags.end(), [&](const auto& tag) {
               const auto found = view.record.tags.find(tag.first);
               return found != view.record.tags.end() &&
                      (tag.second.empty() || found->second == tag.second);
           });
}

json::object describe_enis(Cloud& cloud, const Request& request) {
    constexpr std::size_t kMostIds = 100;
    if (request.list("NetworkInterfaceId").size() > kMostIds) {
        refuse_call(400, "InvalidParameter", "More than 100 NetworkInterfaceId.");
    }
    std::vector<const EniView*> all;
    for (const auto& [id, view] : cloud.enis().described(request.call().now)) {
        if (selected(cloud, request, *view)) {
            all.push_back(view.get());
        }
    }
    const bool numbered = request.optional_text("PageNumber") || request.optional_text("PageSize");
    const Page page = numbered ? page_by_number(cloud, request, all.size())
                               : page_by_token(cloud, request, all.size(), "MaxResults", 10, 500);
    json::array sets;
    for (std::size_t at = page.begin; at < page.end; ++at) {
        sets.push_back(eni_object(cloud, *all[at]));
    }
    json::object members{{"NetworkInterfaceSets", {{"NetworkInterfaceSet", sets}}},
                         {"NextToken", page.next}};
    if (numbered) {
        members["TotalCount"] = all.size();
        members["PageNumber"] = request.count("PageNumber", 1, 100000, 1);
        members["PageSize"] = request.count("PageSize", 1, 500, 10);
    }
    return members;
}

json::object describe_eni(Cloud& cloud, const Request& request) {
    const auto& views = cloud.enis().described(request.call().now);
    const auto found = views.find(request.text("NetworkInterfaceId"));
    if (found == views.end()) {
        refuse_call(404, "InvalidEniId.NotFound",
                    "The specified network interface does not exist.");
    }
    return eni_object(cloud, *found->second);
}

json::object instance_object(Cloud& cloud, const Instance& instance) {
    const Model& model = cloud.model();
    const Eni& primary = model.primary_eni(instance.id);
    json::array nics;
    json::array groups;
    for (const auto& [id, view] : cloud.enis().now()) {
        if (view->record.instance != instance.id || !view->eni.attachment) {
            continue;
        }
        json::object nic = eni_object(cloud, *view);
        nic["PrimaryIpAddress"] = view->eni.primary.text();
        if (is_primary(*view)) {
            groups = nic.at("SecurityGroupIds").at("SecurityGroupId").as_array();
        }
        nics.push_back(std::move(nic));
    }
    return {{"InstanceId", instance.id},
            {"InstanceName", instance.name},
            {"HostName", instance.name},
            {"InstanceType", instance.type},
            {"RegionId", cloud.settings().region},
            {"ZoneId", model.vswitch(primary.vswitch).zone},
            {"Status", cloud.enis().instance_status(instance.id)},
            {"InstanceNetworkType", "vpc"},
            {"VpcAttributes",
             {{"VpcId", model.vpc().id},
              {"VSwitchId", primary.vswitch},
              {"PrivateIpAddress", {{"IpAddress", json::array{primary.primary.text()}}}}}},
            {"NetworkInterfaces", {{"NetworkInterface", nics}}},
            {"SecurityGroupIds", {{"SecurityGroupId", groups}}},
            {"Tags", {{"Tag", json::array{}}}}};
}

std::vector<std::string> id_list(const std::string& name, const std::string& text) {
    try {
        std::vector<std::string> ids;
        const json::value list = json::parse(text);
        for (const auto& value : list.as_array()) {
            ids.push_back(json::value_to<std::string>(value));
        }
        return ids;
    } catch (const std::exception&) {
        refuse_call(
            400, "InvalidParameter",
            "The specified parameter \"" + name + "\" is not valid: not a JSON array of strings.");
    }
}

json::object describe_instances(Cloud& cloud, const Request& request) {
    const auto ids = request.optional_text("InstanceIds");
    const auto wanted = ids ? id_list("InstanceIds", *ids) : std::vector<std::string>{};
    std::vector<const Instance*> all;
    for (const auto& [id, instance] : cloud.model().instances()) {
        if ((!ids || has(wanted, id)) && equals(request.text("InstanceName"), instance.name) &&
            equals(request.text("InstanceType"), instance.type) &&
            equals(request.text("Status"), cloud.enis().instance_status(id)) &&
            equals(request.text("VSwitchId"), cloud.model().primary_eni(id).vswitch)) {
            all.push_back(&instance);
        }
    }
    const Page page = page_by_token(cloud, request, all.size(), "MaxResults", 10, 100);
    json::array list;
    for (std::size_t at = page.begin; at < page.end; ++at) {
        list.push_back(instance_object(cloud, *all[at]));
    }
    return {{"Instances", {{"Instance", list}}},
            {"NextToken", page.next},
            {"TotalCount", all.size()},
            {"PageNumber", 1},
            {"PageSize", page.end - page.begin}};
}

json::object describe_types(Cloud& cloud, const Request& request) {
    const auto wanted = request.list("InstanceTypes");
    std::vector<const InstanceType*> all;
    for (const auto& [id, type] : cloud.enis().types()) {
        if (wanted.empty() || has(wanted, id)) {
            all.push_back(&type);
        }
    }
    const Page page = page_by_token(cloud, request, all.size(), "MaxResults", 10, 100);
    json::array list;
    for (std::size_t at = page.begin; at < page.end; ++at) {
        const InstanceType& type = *all[at];
        list.push_back(json::object{{"InstanceTypeId", type.id},
                                    {"InstanceTypeFamily", type.id.substr(0, type.id.rfind('.'))},
                                    {"EniQuantity", type.enis},
                                    {"EniPrivateIpAddressQuantity", type.ipv4},
                                    {"EniIpv6AddressQuantity", type.ipv6},
                                    {"EniTotalQuantity", type.total},
                                    {"EniTrunkSupported", type.trunk},
                                    {"JumboFrameSupport", type.jumbo},
                                    {"EriQuantity", 0},
                                    {"NetworkCardQuantity", 1}});
    }
    return {{"InstanceTypes", {{"InstanceType", list}}}, {"NextToken", page.next}};
}

json::object describe_instance(Cloud& cloud, const Request& request) {
    const auto& instances = cloud.model().instances();
    const auto found = instances.find(request.text("InstanceId"));
    if (found == instances.end()) {
        refuse_call(404, "InvalidInstanceId.NotFound", "The specified InstanceId does not exist.");
    }
    return instance_object(cloud, found->second);
}

}  // namespace

json::object eni_object(const Cloud& cloud, const EniView& view) {
    const Eni& eni = view.eni;
    json::array ipv4{json::object{{"PrivateIpAddress", eni.primary.text()}, {"Primary", true}}};
    for (const auto& address : eni.secondary) {
        ipv4.push_back(json::object{{"PrivateIpAddress", address.text()}, {"Primary", false}});
    }
    json::array ipv6;
    for (const auto& address : eni.ipv6) {
        ipv6.push_back(json::object{{"Ipv6Address", address.text()}});
    }
    json::array prefixes4;
    json::array prefixes6;
    for (const auto& prefix : eni.prefixes) {
        if (prefix.is_v4()) {
            prefixes4.push_back(json::object{{"Ipv4Prefix", prefix.text()}});
        } else {
            prefixes6.push_back(json::object{{"Ipv6Prefix", prefix.text()}});
        }
    }
    json::array tags;
    for (const auto& [key, value] : view.record.tags) {
        tags.push_back(json::object{{"TagKey", key}, {"TagValue", value}});
    }
    json::object all{
        {"NetworkInterfaceId", eni.id},
        {"Status", name_of(view.record.status)},
        {"Type", is_primary(view) ? "Primary" : "Secondary"},
        {"VpcId", cloud.model().vpc().id},
        {"VSwitchId", eni.vswitch},
        {"ZoneId", cloud.model().vswitch(eni.vswitch).zone},
        {"MacAddress", eni.mac.text()},
        {"PrivateIpAddress", eni.primary.text()},
        {"PrivateIpSets", {{"PrivateIpSet", ipv4}}},
        {"Ipv6Sets", {{"Ipv6Set", ipv6}}},
        {"Ipv4PrefixSets", {{"Ipv4PrefixSet", prefixes4}}},
        {"Ipv6PrefixSets", {{"Ipv6PrefixSet", prefixes6}}},
        {"SecurityGroupIds", {{"SecurityGroupId", json::value_from(view.record.security_groups)}}},
        {"Tags", {{"Tag", tags}}},
        {"SourceDestCheck", eni.source_dest_check},
        {"DeleteOnRelease", view.record.delete_on_release},
        {"ServiceManaged", false},
        {"ServiceID", 0},
        {"OwnerId", cloud.settings().account},
        {"NetworkInterfaceName", view.record.name},
        {"Description", view.record.description},
        {"NetworkInterfaceTrafficMode", "Standard"},
        {"CreationTime", iso_time(view.record.created)},
        {"InstanceId", view.record.instance},
        {"ResourceGroupId", ""}};
    json::object attachment{{"InstanceId", view.record.instance}, {"NetworkCardIndex", 0}};
    if (eni.attachment) {
        attachment["DeviceIndex"] = eni.attachment->device;
    }
    if (!view.record.instance.empty()) {
        all["Attachment"] = std::move(attachment);
    }
    return all;
}

json::object run_ecs_read(Cloud& cloud, const Request& request) {
    const std::string& action = request.call().action;
    if (action == "DescribeNetworkInterfaces") {
        return describe_enis(cloud, request);
    }
    if (action == "DescribeNetworkInterfaceAttribute") {
        return describe_eni(cloud, request);
    }
    if (action == "DescribeInstances") {
        return describe_instances(cloud, request);
    }
    if (action == "DescribeInstanceAttribute") {
        return describe_instance(cloud, request);
    }
    return describe_types(cloud, request);
}

}  // namespace terway::sim
