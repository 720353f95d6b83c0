#include "base/digest.hpp"
#include "cloud/answer.hpp"
#include "cloud/lists.hpp"
#include "cloud/open_api_cloud.hpp"

namespace terway::cloud {
namespace {

constexpr std::uint32_t kMostIpv4 = 49;
constexpr std::uint32_t kMostIpv6 = 10;
constexpr std::uint32_t kMostPrefixes = 10;
constexpr std::size_t kMostIdsInFilter = 100;
constexpr std::size_t kMostTagged = 50;

void put_count(Parameters& parameters, const std::string& name, std::uint32_t count,
               std::uint32_t most) {
    if (count > 0) {
        parameters[name] = std::to_string(std::min(count, most));
    }
}

// One kind of address and how the wire calls it.
struct Kind {
    std::string action;
    std::string count_name;
    std::uint32_t count;
    std::uint32_t most;
    AddressSet (*read)(std::string_view);
};

Kind kind_of(const AddressWish& wish) {
    if (wish.ipv4 > 0) {
        return {"AssignPrivateIpAddresses", "SecondaryPrivateIpAddressCount", wish.ipv4, kMostIpv4,
                read_assigned_ipv4};
    }
    if (wish.ipv4_prefixes > 0) {
        return {"AssignPrivateIpAddresses", "Ipv4PrefixCount", wish.ipv4_prefixes, kMostPrefixes,
                read_assigned_ipv4};
    }
    if (wish.ipv6 > 0) {
        return {"AssignIpv6Addresses", "Ipv6AddressCount", wish.ipv6, kMostIpv6,
                read_assigned_ipv6};
    }
    return {"AssignIpv6Addresses", "Ipv6PrefixCount", wish.ipv6_prefixes, kMostPrefixes,
            read_assigned_ipv6};
}

// The same arguments belong to a token, so each further request of one call has its own.
std::string token_of_part(const std::string& token, std::uint32_t part) {
    return part == 0 ? token : sha256_hex(token + "/" + std::to_string(part));
}

template <class Value>
void append(std::vector<Value>& to, const std::vector<Value>& from) {
    to.insert(to.end(), from.begin(), from.end());
}

int kinds_in(const AddressWish& wish) {
    return (wish.ipv4 > 0 ? 1 : 0) + (wish.ipv6 > 0 ? 1 : 0) + (wish.ipv4_prefixes > 0 ? 1 : 0) +
           (wish.ipv6_prefixes > 0 ? 1 : 0);
}

}  // namespace

Eni OpenApiCloud::create_eni(const NewEni& wish, const std::string& token,
                             const Patience& patience) {
    auto parameters = regional();
    parameters["VSwitchId"] = wish.vswitch;
    parameters["ClientToken"] = token;
    parameters["SourceDestCheck"] = "false";
    parameters["DeleteOnRelease"] = "true";
    put_list<std::string>(parameters, "SecurityGroupIds", wish.security_groups);
    put_unless_empty(parameters, "ResourceGroupId", wish.resource_group);
    put_unless_empty(parameters, "NetworkInterfaceName", wish.name);
    put_unless_empty(parameters, "Description", wish.description);
    put_tags(parameters, wish.tags);
    put_count(parameters, "SecondaryPrivateIpAddressCount", wish.addresses.ipv4, kMostIpv4);
    put_count(parameters, "Ipv6AddressCount", wish.addresses.ipv6, kMostIpv6);
    put_count(parameters, "Ipv4PrefixCount", wish.addresses.ipv4_prefixes, kMostPrefixes);
    put_count(parameters, "Ipv6PrefixCount", wish.addresses.ipv6_prefixes, kMostPrefixes);
    return ask({Product::Ecs, "CreateNetworkInterface", parameters, true}, patience,
               read_created_eni);
}

void OpenApiCloud::attach_eni(const std::string& eni, const std::string& instance,
                              const Patience& patience) {
    auto parameters = regional();
    parameters["NetworkInterfaceId"] = eni;
    parameters["InstanceId"] = instance;
    static_cast<void>(
        api_->call({Product::Ecs, "AttachNetworkInterface", parameters, false}, patience));
}

void OpenApiCloud::detach_eni(const std::string& eni, const std::string& instance,
                              const Patience& patience) {
    auto parameters = regional();
    parameters["NetworkInterfaceId"] = eni;
    parameters["InstanceId"] = instance;
    static_cast<void>(
        api_->call({Product::Ecs, "DetachNetworkInterface", parameters, false}, patience));
}

void OpenApiCloud::delete_eni(const std::string& eni, const Patience& patience) {
    auto parameters = regional();
    parameters["NetworkInterfaceId"] = eni;
    static_cast<void>(
        api_->call({Product::Ecs, "DeleteNetworkInterface", parameters, false}, patience));
}

void OpenApiCloud::read_pages(Parameters parameters, std::vector<Eni>& enis,
                              const Patience& patience) {
    std::string next;
    do {
        const auto page =
            ask({Product::Ecs, "DescribeNetworkInterfaces", parameters, true}, patience, read_enis);
        append(enis, page.enis);
        if (!page.next.empty() && page.next == next) {
            throw ApiError(Reaction::Unknown, "DescribeNetworkInterfaces", "",
                           "the same page came twice");
        }
        next = page.next;
        parameters["NextToken"] = next;
    } while (!next.empty());
}

std::vector<Eni> OpenApiCloud::describe_enis(const EniFilter& filter, const Patience& patience) {
    auto parameters = regional();
    parameters["MaxResults"] = "500";
    put_unless_empty(parameters, "InstanceId", filter.instance);
    put_unless_empty(parameters, "VpcId", filter.vpc);
    if (filter.status) {
        parameters["Status"] = name_of(*filter.status);
    }
    put_tags(parameters, filter.tags);
    std::vector<Eni> enis;
    if (filter.ids.empty()) {
        read_pages(parameters, enis, patience);
        return enis;
    }
    for (const auto& ids : chunks(filter.ids, kMostIdsInFilter)) {
        auto some = parameters;
        put_list(some, "NetworkInterfaceId", ids);
        read_pages(some, enis, patience);
    }
    return enis;
}

AddressSet OpenApiCloud::assign(const std::string& eni, const AddressWish& wish,
                                const std::string& token, const Patience& patience) {
    if (kinds_in(wish) != 1) {
        throw Error(Status::Internal, eni + ": an assignment is of exactly one kind of address");
    }
    const auto kind = kind_of(wish);
    AddressSet all;
    for (std::uint32_t done = 0; done < kind.count; done += kind.most) {
        auto parameters = regional();
        parameters["NetworkInterfaceId"] = eni;
        parameters["ClientToken"] = token_of_part(token, done / kind.most);
        put_count(parameters, kind.count_name, kind.count - done, kind.most);
        const auto some = ask({Product::Ecs, kind.action, parameters, true}, patience, kind.read);
        if (some.empty()) {
            throw ApiError(Reaction::Unknown, kind.action, "", "the answer names no address");
        }
        append(all.ipv4, some.ipv4);
        append(all.ipv6, some.ipv6);
        append(all.ipv4_prefixes, some.ipv4_prefixes);
        append(all.ipv6_prefixes, some.ipv6_prefixes);
    }
    return all;
}

void OpenApiCloud::unassign(const std::string& eni, const AddressSet& addresses,
                            const Patience& patience) {
    const auto remove = [&](const std::string& action, const std::string& name, const auto& values,
                            std::size_t most) {
        for (const auto& some : chunks(values, most)) {
            auto parameters = regional();
            parameters["NetworkInterfaceId"] = eni;
            put_list(parameters, name, some);
            static_cast<void>(api_->call({Product::Ecs, action, parameters, false}, patience));
        }
    };
    remove("UnassignPrivateIpAddresses", "PrivateIpAddress", addresses.ipv4, kMostIpv4);
    remove("UnassignPrivateIpAddresses", "Ipv4Prefix", addresses.ipv4_prefixes, kMostPrefixes);
    remove("UnassignIpv6Addresses", "Ipv6Address", addresses.ipv6, kMostIpv6);
    remove("UnassignIpv6Addresses", "Ipv6Prefix", addresses.ipv6_prefixes, kMostPrefixes);
}

InstanceLimits OpenApiCloud::describe_instance_type(const std::string& type,
                                                    const Patience& patience) {
    const auto types =
        ask({Product::Ecs, "DescribeInstanceTypes", {{"InstanceTypes.1", type}}, true}, patience,
            read_instance_types);
    const auto found = std::find_if(types.begin(), types.end(),
                                    [&](const auto& each) { return each.type == type; });
    if (found == types.end()) {
        throw ApiError(Reaction::Permanent, "DescribeInstanceTypes", "",
                       "the cloud does not know the instance type " + type);
    }
    return *found;
}

void OpenApiCloud::tag_enis(const std::vector<std::string>& enis, const Tags& tags,
                            const Patience& patience) {
    for (const auto& some : chunks(enis, kMostTagged)) {
        auto parameters = regional();
        parameters["ResourceType"] = "eni";
        put_list(parameters, "ResourceId", some);
        put_tags(parameters, tags);
        static_cast<void>(api_->call({Product::Ecs, "TagResources", parameters, true}, patience));
    }
}

}  // namespace terway::cloud
