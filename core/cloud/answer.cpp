#include "cloud/answer.hpp"

#include <algorithm>
#include <array>

#include <boost/json/value.hpp>

#include "cloud/json.hpp"
#include "cloud/utc.hpp"
#include "terway/error.hpp"

namespace terway::cloud {
namespace {

namespace json = boost::json;

IpAddress address_of(const std::string& text, std::string_view what) {
    const auto address = IpAddress::parse(text);
    if (!address) {
        throw Error(Status::Internal, "the answer's " + std::string(what) + " \"" +
                                          text.substr(0, 64) + "\" is not an address");
    }
    return *address;
}

Prefix prefix_of(const std::string& text, std::string_view what) {
    const auto prefix = Prefix::parse(text);
    if (!prefix) {
        throw Error(Status::Internal, "the answer's " + std::string(what) + " \"" +
                                          text.substr(0, 64) + "\" is not a prefix");
    }
    return *prefix;
}

// The elements of a list, be they {"Key": "text"} or "text".
std::vector<std::string> texts_of(const json::array& list, std::string_view key) {
    std::vector<std::string> out;
    for (const auto& each : list) {
        if (const auto* object = each.if_object()) {
            out.push_back(text_of(*object, key));
        } else if (const auto* text = each.if_string()) {
            out.emplace_back(text->data(), text->size());
        }
    }
    return out;
}

template <class Value>
std::vector<Value> read_all_of(const json::array& list, std::string_view key,
                               Value (*read)(const std::string&, std::string_view)) {
    std::vector<Value> out;
    for (const auto& text : texts_of(list, key)) {
        out.push_back(read(text, key));
    }
    return out;
}

template <class Enum, std::size_t Size>
Enum named(const std::string& text, const std::array<Enum, Size>& known) {
    const auto* const found =
        std::find_if(known.begin(), known.end(), [&](Enum each) { return name_of(each) == text; });
    return found == known.end() ? Enum::Unknown : *found;
}

EniStatus status_of(const std::string& text) {
    return named(text, std::array{EniStatus::Creating, EniStatus::Available, EniStatus::Attaching,
                                  EniStatus::InUse, EniStatus::Detaching, EniStatus::Deleting});
}

EniType type_of(const std::string& text) {
    return named(text,
                 std::array{EniType::Primary, EniType::Secondary, EniType::Trunk, EniType::Member});
}

void read_private_addresses(const json::object& object, Eni& eni) {
    const auto primary = text_of(object, "PrivateIpAddress");
    if (!primary.empty()) {
        eni.primary = address_of(primary, "PrivateIpAddress");
        eni.ipv4.push_back(eni.primary);
    }
    for (const auto& each : list_of(object, "PrivateIpSets", "PrivateIpSet")) {
        const auto* set = each.if_object();
        if (set == nullptr) {
            continue;
        }
        const auto address = address_of(text_of(*set, "PrivateIpAddress"), "PrivateIpAddress");
        if (std::find(eni.ipv4.begin(), eni.ipv4.end(), address) != eni.ipv4.end()) {
            continue;
        }
        if (primary.empty() && flag_of(*set, "Primary")) {
            eni.primary = address;
            eni.ipv4.insert(eni.ipv4.begin(), address);
        } else {
            eni.ipv4.push_back(address);
        }
    }
}

Tags tags_of(const json::object& object) {
    Tags tags;
    for (const auto& each : list_of(object, "Tags", "Tag")) {
        if (const auto* tag = each.if_object()) {
            const bool spelt_long = tag->contains("TagKey");
            tags[text_of(*tag, spelt_long ? "TagKey" : "Key")] =
                text_of(*tag, spelt_long ? "TagValue" : "Value");
        }
    }
    return tags;
}

Eni eni_of(const json::object& object) {
    Eni eni;
    eni.id = text_of(object, "NetworkInterfaceId");
    eni.mac = Mac::parse(text_of(object, "MacAddress")).value_or(Mac{});
    eni.status = status_of(text_of(object, "Status"));
    eni.type = type_of(text_of(object, "Type"));
    eni.name = text_of(object, "NetworkInterfaceName");
    eni.vswitch = text_of(object, "VSwitchId");
    eni.vpc = text_of(object, "VpcId");
    eni.zone = text_of(object, "ZoneId");
    eni.instance = text_of(object, "InstanceId");
    if (eni.instance.empty()) {
        eni.instance = text_of(object_of(object, "Attachment"), "InstanceId");
    }
    eni.security_groups = texts_of(list_of(object, "SecurityGroupIds", "SecurityGroupId"), "");
    eni.tags = tags_of(object);
    read_private_addresses(object, eni);
    eni.ipv6 = read_all_of(list_of(object, "Ipv6Sets", "Ipv6Set"), "Ipv6Address", address_of);
    eni.ipv4_prefixes =
        read_all_of(list_of(object, "Ipv4PrefixSets", "Ipv4PrefixSet"), "Ipv4Prefix", prefix_of);
    eni.ipv6_prefixes =
        read_all_of(list_of(object, "Ipv6PrefixSets", "Ipv6PrefixSet"), "Ipv6Prefix", prefix_of);
    eni.created = parse_utc(text_of(object, "CreationTime"));
    eni.service_managed = flag_of(object, "ServiceManaged");
    return eni;
}

// What `read` makes of each object of the list.
template <class Read>
auto each_of(const json::array& list, Read read) {
    std::vector<decltype(read(std::declval<const json::object&>()))> out;
    for (const auto& each : list) {
        if (const auto* object = each.if_object()) {
            out.push_back(read(*object));
        }
    }
    return out;
}

InstanceLimits limits_of(const json::object& object) {
    const auto count = [&](std::string_view key) {
        return static_cast<std::uint32_t>(
            std::min<std::uint64_t>(number_of(object, key), 1U << 20U));
    };
    InstanceLimits limits;
    limits.type = text_of(object, "InstanceTypeId");
    limits.enis = count("EniQuantity");
    limits.ipv4_per_eni = count("EniPrivateIpAddressQuantity");
    limits.ipv6_per_eni = count("EniIpv6AddressQuantity");
    limits.total_enis = count("EniTotalQuantity");
    limits.trunk = flag_of(object, "EniTrunkSupported");
    return limits;
}

VSwitch vswitch_of(const json::object& object) {
    VSwitch vswitch;
    vswitch.id = text_of(object, "VSwitchId");
    vswitch.vpc = text_of(object, "VpcId");
    vswitch.zone = text_of(object, "ZoneId");
    vswitch.cidr = prefix_of(text_of(object, "CidrBlock"), "CidrBlock");
    if (const auto cidr6 = text_of(object, "Ipv6CidrBlock"); !cidr6.empty()) {
        vswitch.cidr6 = prefix_of(cidr6, "Ipv6CidrBlock");
    }
    vswitch.free = number_of(object, "AvailableIpAddressCount");
    vswitch.route_table = text_of(object_of(object, "RouteTable"), "RouteTableId");
    return vswitch;
}

// Nothing for a destination that is no prefix but the id of a list of them.
std::optional<RouteEntry> route_entry_of(const json::object& object) {
    const auto text = text_of(object, "DestinationCidrBlock");
    const auto bare = IpAddress::parse(text);
    const auto destination = bare ? Prefix::host(*bare) : Prefix::parse(text);
    if (!destination) {
        return std::nullopt;
    }
    RouteEntry entry;
    entry.destination = *destination;
    entry.table = text_of(object, "RouteTableId");
    entry.id = text_of(object, "RouteEntryId");
    entry.status = text_of(object, "Status");
    entry.type = text_of(object, "Type");
    entry.description = text_of(object, "Description");
    const auto& hops = list_of(object, "NextHops", "NextHop");
    if (!hops.empty() && hops.front().is_object()) {
        const auto& hop = hops.front().get_object();
        entry.next_hop_type = text_of(hop, "NextHopType");
        entry.next_hop = text_of(hop, "NextHopId");
    }
    return entry;
}

}  // namespace

Refusal read_refusal(std::string_view body) {
    try {
        const auto object = parse_object(body);
        return {text_of(object, "Code"), text_of(object, "Message"), text_of(object, "RequestId")};
    } catch (const std::exception&) {
        return {};
    }
}

EniPage read_enis(std::string_view body) {
    const auto object = parse_object(body);
    return {each_of(list_of(object, "NetworkInterfaceSets", "NetworkInterfaceSet"), eni_of),
            text_of(object, "NextToken")};
}

Eni read_created_eni(std::string_view body) {
    auto eni = eni_of(parse_object(body));
    if (eni.id.empty()) {
        throw Error(Status::Internal, "the answer has no NetworkInterfaceId");
    }
    return eni;
}

AddressSet read_assigned_ipv4(std::string_view body) {
    const auto object = parse_object(body);
    const auto& assigned = object_of(object, "AssignedPrivateIpAddressesSet");
    AddressSet set;
    set.ipv4 = read_all_of(list_of(assigned, "PrivateIpSet", "PrivateIpAddress"),
                           "PrivateIpAddress", address_of);
    set.ipv4_prefixes =
        read_all_of(list_of(assigned, "Ipv4PrefixSet", "Ipv4Prefixes"), "Ipv4Prefix", prefix_of);
    return set;
}

AddressSet read_assigned_ipv6(std::string_view body) {
    const auto object = parse_object(body);
    AddressSet set;
    set.ipv6 = read_all_of(list_of(object, "Ipv6Sets", "Ipv6Address"), "Ipv6Address", address_of);
    set.ipv6_prefixes =
        read_all_of(list_of(object, "Ipv6PrefixSets", "Ipv6Prefix"), "Ipv6Prefix", prefix_of);
    return set;
}

std::vector<InstanceLimits> read_instance_types(std::string_view body) {
    const auto object = parse_object(body);
    return each_of(list_of(object, "InstanceTypes", "InstanceType"), limits_of);
}

VSwitchPage read_vswitches(std::string_view body) {
    const auto object = parse_object(body);
    return {each_of(list_of(object, "VSwitches", "VSwitch"), vswitch_of),
            number_of(object, "TotalCount")};
}

RouteTablePage read_route_tables(std::string_view body) {
    const auto object = parse_object(body);
    const auto table = [](const json::object& each) {
        return RouteTable{text_of(each, "RouteTableId"),
                          text_of(each, "RouteTableType") == "System"};
    };
    return {each_of(list_of(object, "RouterTableList", "RouterTableListType"), table),
            number_of(object, "TotalCount")};
}

RouteEntryPage read_route_entries(std::string_view body) {
    const auto object = parse_object(body);
    RouteEntryPage page;
    page.next = text_of(object, "NextToken");
    for (const auto& entry :
         each_of(list_of(object, "RouteEntrys", "RouteEntry"), route_entry_of)) {
        if (entry) {
            page.entries.push_back(*entry);
        }
    }
    return page;
}

}  // namespace terway::cloud
