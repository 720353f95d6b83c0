#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "profile/profile.hpp"

namespace terway::profile {
namespace {

using testing::HasSubstr;

std::string text(bool value) {
    return value ? "true" : "false";
}
std::string text(std::uint32_t value) {
    return std::to_string(value);
}
std::string text(const char* value) {
    return "`\"" + std::string(value) + "\"`";
}
std::string text(const std::string& value) {
    return text(value.c_str());
}
std::string text(milliseconds value) {
    const auto seconds = value.count() / 1000;
    return seconds % 60 == 0 ? text(std::to_string(seconds / 60) + "m")
                             : text(std::to_string(seconds) + "s");
}
std::string text(const std::vector<std::string>& value) {
    return value.empty() ? "`[]`" : "not empty";
}
std::string text(const std::map<std::string, std::string>& value) {
    return value.empty() ? "`{}`" : "not empty";
}

class EniPoolPage : public testing::Test {
protected:
    template <class Value>
    void expect(const std::string& key, const Value& value) {
        EXPECT_THAT(page_, HasSubstr("\n| `" + key + "` | " + text(value) + " |"));
    }

private:
    const std::string page_ = read_file(TERWAY_DOCS "/eni-pool.md");
};

TEST_F(EniPoolPage, TellsTheDefaultsOfThePool) {
    const Pool pool;
    ASSERT_EQ(pool.source, AddressSource::PodCidr);
    expect("source", "pod-cidr");
    ASSERT_EQ(pool.families, IpFamilies::V4);
    expect("families", "ipv4");
    expect("min_idle", pool.min_idle);
    expect("max_idle", pool.max_idle);
    expect("warm_up", pool.warm_up);
    expect("max_enis", pool.max_enis);
    expect("prefixes", pool.prefixes);
    expect("reclaim_after", pool.reclaim_after);
    expect("reconcile_every", pool.reconcile_every);
    expect("leak_grace", pool.leak_grace);
    expect("cool_down", pool.cool_down);
    expect("sticky_pods", pool.sticky_pods);
    expect("sticky_for", pool.sticky_for);
    expect("exclusive.min_idle", pool.exclusive.min_idle);
    expect("exclusive.max_idle", pool.exclusive.max_idle);
    expect("exclusive.max_enis", pool.exclusive.max_enis);
}

TEST_F(EniPoolPage, TellsTheDefaultsOfTheCloud) {
    const Cloud cloud;
    expect("metadata", cloud.metadata);
    expect("region", cloud.region);
    expect("instance", cloud.instance);
    expect("instance_type", cloud.instance_type);
    expect("vswitches", cloud.vswitches);
    ASSERT_EQ(cloud.vswitch_policy, VSwitchPolicy::Ordered);
    expect("vswitch_policy", "ordered");
    expect("security_groups", cloud.security_groups);
    expect("resource_group", cloud.resource_group);
    expect("cluster", cloud.cluster);
    expect("tags", cloud.tags);
    expect("only_tags", cloud.only_tags);
    expect("block_tags", cloud.block_tags);
    ASSERT_EQ(cloud.credentials, CredentialSource::Auto);
    expect("credentials", "auto");
    expect("credentials_file", cloud.credentials_file);
    expect("role", cloud.role);
    expect("oidc_role_arn", cloud.oidc_role_arn);
    expect("oidc_provider_arn", cloud.oidc_provider_arn);
    expect("oidc_token_file", cloud.oidc_token_file);
    ASSERT_EQ(cloud.signature, SignatureVersion::V3);
    expect("signature", "v3");
    expect("network", cloud.network);
    expect("ecs_endpoint", cloud.ecs_endpoint);
    expect("vpc_endpoint", cloud.vpc_endpoint);
    expect("sts_endpoint", cloud.sts_endpoint);
    expect("ca_file", cloud.ca_file);
    expect("call_timeout", cloud.call_timeout);
    expect("manage_routes", cloud.manage_routes);
    expect("route_table", cloud.route_table);
}

}  // namespace
}  // namespace terway::profile
