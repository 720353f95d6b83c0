#include "profile/cloud_section.hpp"

#include <algorithm>
#include <set>
#include <string_view>

namespace terway::profile {
namespace {

using namespace std::chrono_literals;

// Quotas of the cloud: security groups of an ENI (16 where raised), tags of a resource.
constexpr std::size_t kMostGroups = 16;
constexpr std::size_t kMostTags = 20;
// Four of ours: creator, cluster, instance, name.
constexpr std::size_t kOwnTags = 4;

bool is_url(std::string_view text) {
    for (const std::string_view scheme : {"https://", "http://"}) {
        if (text.starts_with(scheme)) {
            const auto host = text.substr(scheme.size());
            return !host.empty() && host.find('/') == std::string_view::npos;
        }
    }
    return false;
}

void read_url(Section& cloud, std::string_view key, std::string& value) {
    const Entry* entry = cloud.take(key, ValueKind::String);
    if (entry == nullptr || entry->string.empty()) {
        return;
    }
    if (!is_url(entry->string)) {
        cloud.complain(entry->place, std::string(key) +
                                         " must be \"https://host\" or \"https://host:port\", "
                                         "without a path (http:// only for tests)");
        return;
    }
    value = entry->string;
}

void read_ids(Section& cloud, std::string_view key, std::string_view start,
              std::vector<std::string>& into) {
    std::set<std::string> seen;
    for (const Entry* item : cloud.strings(key)) {
        if (!item->string.starts_with(start)) {
            cloud.complain(item->place, std::string(key) + " must hold ids such as \"" +
                                            std::string(start) + "bp1...\", not \"" + item->string +
                                            "\"");
        } else if (!seen.insert(item->string).second) {
            cloud.complain(item->place, std::string(key) + " names \"" + item->string + "\" twice");
        } else {
            into.push_back(item->string);
        }
    }
}

void read_id(Section& cloud, std::string_view key, std::string_view start, std::string& into) {
    const Entry* entry = cloud.take(key, ValueKind::String);
    if (entry == nullptr || entry->string.empty()) {
        return;
    }
    if (!entry->string.starts_with(start)) {
        cloud.complain(entry->place, std::string(key) + " must be an id such as \"" +
                                         std::string(start) + "bp1...\"");
        return;
    }
    into = entry->string;
}

void read_tags(Section& cloud, std::string_view key, std::map<std::string, std::string>& into) {
    cloud.text_map(key, into);
    for (const auto& [name, value] : into) {
        if (name.empty() || name.starts_with("aliyun") || name.starts_with("acs:")) {
            cloud.complain(*cloud.place_of(key),
                           std::string(key) + ": the cloud allows no tag \"" + name + "\"");
        }
    }
}

void read_credentials(Section& cloud, Cloud& into) {
    cloud.choice("credentials", into.credentials,
                 {{"auto", CredentialSource::Auto},
                  {"file", CredentialSource::File},
                  {"role", CredentialSource::Role},
                  {"oidc", CredentialSource::Oidc}});
    cloud.absolute_path("credentials_file", into.credentials_file);
    cloud.text("role", into.role);
    cloud.text("oidc_role_arn", into.oidc_role_arn);
    cloud.text("oidc_provider_arn", into.oidc_provider_arn);
    cloud.absolute_path("oidc_token_file", into.oidc_token_file);
}

void read_endpoints(Section& cloud, Cloud& into) {
    read_url(cloud, "metadata", into.metadata);
    cloud.choice("network", into.network,
                 {{"vpc", std::string("vpc")}, {"public", std::string("public")}});
    read_url(cloud, "ecs_endpoint", into.ecs_endpoint);
    read_url(cloud, "vpc_endpoint", into.vpc_endpoint);
    read_url(cloud, "sts_endpoint", into.sts_endpoint);
    cloud.absolute_path("ca_file", into.ca_file);
    cloud.choice("signature", into.signature,
                 {{"v3", SignatureVersion::V3}, {"v1", SignatureVersion::V1}});
    cloud.duration("call_timeout", into.call_timeout, 1s, 5min);
}

}  // namespace

void read_cloud(Section& cloud, Cloud& into) {
    read_endpoints(cloud, into);
    read_credentials(cloud, into);
    cloud.text("region", into.region);
    read_id(cloud, "instance", "i-", into.instance);
    cloud.text("instance_type", into.instance_type);
    read_ids(cloud, "vswitches", "vsw-", into.vswitches);
    cloud.choice("vswitch_policy", into.vswitch_policy,
                 {{"ordered", VSwitchPolicy::Ordered},
                  {"random", VSwitchPolicy::Random},
                  {"most-free", VSwitchPolicy::MostFree}});
    read_ids(cloud, "security_groups", "sg-", into.security_groups);
    if (into.security_groups.size() > kMostGroups) {
        cloud.complain(*cloud.place_of("security_groups"),
                       "security_groups: an ENI has at most " + std::to_string(kMostGroups));
    }
    read_id(cloud, "resource_group", "rg-", into.resource_group);
    cloud.text("cluster", into.cluster);
    read_tags(cloud, "tags", into.tags);
    if (into.tags.size() > kMostTags - kOwnTags) {
        cloud.complain(*cloud.place_of("tags"),
                       "tags: at most " + std::to_string(kMostTags - kOwnTags) + " beside ours");
    }
    cloud.text_map("only_tags", into.only_tags);
    cloud.text_map("block_tags", into.block_tags);
    cloud.boolean("manage_routes", into.manage_routes);
    read_id(cloud, "route_table", "vtb-", into.route_table);
}

}  // namespace terway::profile
