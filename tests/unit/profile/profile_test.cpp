#include "profile/profile.hpp"

#include <unistd.h>

#include <chrono>
#include <memory>
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "terway/error.hpp"

namespace terway::profile {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::ThrowsMessage;

Profile parse_good(std::string_view text) {
    Diagnostics diagnostics("p.toml");
    auto profile = parse(text, diagnostics);
    EXPECT_EQ(diagnostics.print(), "");
    return std::move(profile).value();
}

constexpr std::string_view kFull = R"(
profile = "vpc-route"
[chain]
dataplane = "veth"
qos = "bandwidth-tc"
policy = "policy-felix"
[node]
pod_cidrs = ["172.20.1.0/24", "fd00:20:1::/64"]
[pool]
cool_down = "2m"
[endpoint]
host_names = "felix"
mtu = 1450
[daemon]
socket = "/run/t/cni.sock"
state_dir = "/var/lib/t"
queue = "/var/lib/t/queue"
module_dirs = ["/opt/a", "/opt/b"]
admin = "127.0.0.1:9809"
add_lane = 3
del_lane = 16
max_requests = 100
request_deadline = "50s"
module_deadline = "500ms"
max_lost_threads = 2
[module.veth]
path = "/opt/veth.so"
sha256 = "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"
mode = "l3"
tables = [{ id = 7, name = "x" }, 3]
)";

TEST(Profile, ReadsEveryKey) {
    const auto profile = parse_good(kFull);
    EXPECT_EQ(profile.file, "p.toml");
    EXPECT_EQ(profile.name, "vpc-route");
    EXPECT_THAT(profile.chain.ids(), ElementsAre("veth", "bandwidth-tc", "policy-felix"));
    EXPECT_THAT(profile.node.pod_cidrs, ElementsAre(Prefix::parse("172.20.1.0/24").value(),
                                                    Prefix::parse("fd00:20:1::/64").value()));
    EXPECT_EQ(profile.pool.cool_down, 2min);
    EXPECT_EQ(profile.endpoint.host_names, HostNames::Felix);
    EXPECT_EQ(profile.endpoint.mtu, 1450U);
    EXPECT_EQ(profile.daemon.socket, "/run/t/cni.sock");
    EXPECT_EQ(profile.daemon.state_dir, "/var/lib/t");
    EXPECT_EQ(profile.daemon.queue, "/var/lib/t/queue");
    EXPECT_THAT(profile.daemon.module_dirs, ElementsAre("/opt/a", "/opt/b"));
    EXPECT_EQ(profile.daemon.admin, "127.0.0.1:9809");
    EXPECT_EQ(profile.daemon.add_lane, 3U);
    EXPECT_EQ(profile.daemon.del_lane, 16U);
    EXPECT_EQ(profile.daemon.max_requests, 100U);
    EXPECT_EQ(profile.daemon.request_deadline, 50s);
    EXPECT_EQ(profile.daemon.module_deadline, 500ms);
    EXPECT_EQ(profile.daemon.max_lost_threads, 2U);
}

TEST(Profile, NeedsNoMoreThanANameAndADataplane) {
    const auto profile = parse_good("profile = \"p\"\n[chain]\ndataplane = \"veth\"\n");
    EXPECT_THAT(profile.chain.ids(), ElementsAre("veth"));
    EXPECT_TRUE(profile.node.pod_cidrs.empty());
    EXPECT_EQ(profile.pool.cool_down, 30s);
    EXPECT_EQ(profile.endpoint.host_names, HostNames::Container);
    EXPECT_EQ(profile.endpoint.mtu, 0U);
    EXPECT_EQ(profile.daemon.socket, "/run/terway/cni.sock");
    EXPECT_EQ(profile.daemon.request_deadline, 100s);
    EXPECT_TRUE(profile.modules.at("veth").table.entries.empty());
}

TEST(Profile, AcceptsZeroMtuAndNoAdminSocketAsTurnedOff) {
    const auto profile = parse_good(
        "profile = \"p\"\n[chain]\ndataplane = \"veth\"\n[endpoint]\nmtu = 0\n"
        "[daemon]\nadmin = \"\"\n");
    EXPECT_EQ(profile.endpoint.mtu, 0U);
    EXPECT_EQ(profile.daemon.admin, "");
}

TEST(Profile, KeepsTheCoresKeysFromTheModule) {
    const auto profile = parse_good(kFull);
    const auto& veth = profile.modules.at("veth");
    EXPECT_EQ(veth.path, "/opt/veth.so");
    EXPECT_EQ(veth.sha256, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
    EXPECT_EQ(veth.table.find("path"), nullptr);
    EXPECT_EQ(veth.table.find("sha256"), nullptr);
    ASSERT_EQ(veth.table.entries.size(), 2U);
}

TEST(Profile, GivesAModulesTableAsPlainDataWithPlaces) {
    const auto profile = parse_good(kFull);
    const Table& table = profile.modules.at("veth").table;
    EXPECT_EQ(table.place, (Place{26, 1}));
    const Entry* mode = table.find("mode");
    ASSERT_NE(mode, nullptr);
    EXPECT_EQ(mode->kind, ValueKind::String);
    EXPECT_EQ(mode->string, "l3");
    EXPECT_EQ(mode->key_place, (Place{29, 1}));
    EXPECT_EQ(mode->place, (Place{29, 8}));
    const Entry* tables = table.find("tables");
    ASSERT_NE(tables, nullptr);
    ASSERT_EQ(tables->kind, ValueKind::Array);
    ASSERT_EQ(tables->table.entries.size(), 2U);
    const Entry& first = tables->table.entries[0];
    ASSERT_EQ(first.kind, ValueKind::Table);
    EXPECT_EQ(first.table.find("id")->integer, 7);
    EXPECT_EQ(tables->table.entries[1].kind, ValueKind::Integer);
}

TEST(Profile, OutlivesTheTextAndMayBeMoved) {
    auto text = std::make_unique<std::string>(kFull);
    auto profile = std::make_unique<Profile>(parse_good(*text));
    text.reset();
    const Profile moved = std::move(*profile);
    profile.reset();
    EXPECT_EQ(moved.modules.at("veth").table.find("mode")->string, "l3");
}

TEST(Profile, LetsOneModuleFillSeveralPlaces) {
    const auto profile = parse_good(
        "profile = \"p\"\n[chain]\ndataplane = \"com.example.all\"\npolicy = \"com.example.all\"\n"
        "[module.\"com.example.all\"]\nx = 1\n");
    EXPECT_THAT(profile.chain.ids(), ElementsAre("com.example.all"));
    EXPECT_EQ(profile.modules.at("com.example.all").table.find("x")->integer, 1);
}

TEST(Profile, SurvivesRandomDamageWithAnAnswerOrAComplaint) {
    std::mt19937 random(20240501);
    int accepted = 0;
    for (int round = 0; round < 2000; ++round) {
        std::string text(kFull);
        for (auto hits = 1 + random() % 4; hits > 0; --hits) {
            text[random() % text.size()] = static_cast<char>(random());
        }
        Diagnostics diagnostics("p.toml");
        const bool good = parse(text, diagnostics).has_value();
        EXPECT_EQ(good, diagnostics.ok()) << text;
        accepted += good ? 1 : 0;
    }
    EXPECT_GT(accepted, 0);
    EXPECT_LT(accepted, 2000);
}

TEST(Profile, IsLoadedFromAFile) {
    const std::string path = testing::TempDir() + "terway-profile-" + std::to_string(::getpid());
    write_file_durably(path, "profile = \"p\"\n[chain]\ndataplane = \"veth\"\n");
    Diagnostics diagnostics(path);
    EXPECT_EQ(load(diagnostics).value().name, "p");
    ::unlink(path.c_str());
}

TEST(Profile, SaysWhyAFileCannotBeRead) {
    Diagnostics diagnostics("/nonexistent/p.toml");
    EXPECT_FALSE(load(diagnostics).has_value());
    EXPECT_EQ(diagnostics.print(),
              "/nonexistent/p.toml: error: cannot be read: /nonexistent/p.toml: No such file or "
              "directory\n");
}

TEST(Profile, ReadsThePoolAndTheCloudOfANodeWithEnis) {
    const auto profile = parse_good(R"(
profile = "p"
[chain]
dataplane = "veth"
[pool]
source = "eni"
cool_down = "10s"
sticky_pods = ["prod/db-*"]
sticky_for = "1h"
families = "dual"
min_idle = 3
max_idle = 7
warm_up = 20
max_enis = 4
prefixes = true
reclaim_after = "20m"
reconcile_every = "1m"
leak_grace = "5m"
[cloud]
metadata = "http://127.0.0.1:1"
region = "cn-hangzhou"
instance = "i-1"
instance_type = "ecs.g7.large"
vswitches = ["vsw-1", "vsw-2"]
vswitch_policy = "most-free"
security_groups = ["sg-1"]
resource_group = "rg-1"
cluster = "c1"
credentials = "oidc"
credentials_file = "/c"
role = "r"
oidc_role_arn = "a"
oidc_provider_arn = "b"
oidc_token_file = "/t"
signature = "v1"
network = "public"
ecs_endpoint = "https://ecs:8443"
vpc_endpoint = "http://127.0.0.1:2"
sts_endpoint = ""
ca_file = "/ca"
call_timeout = "5s"
manage_routes = true
route_table = "vtb-1"
tags = { team = "net" }
only_tags = { pool = "a" }
block_tags = { pool = "b" }
)");
    const auto& pool = profile.pool;
    EXPECT_EQ(pool.source, AddressSource::Eni);
    EXPECT_THAT(pool.sticky_pods, ElementsAre("prod/db-*"));
    EXPECT_EQ(pool.sticky_for, std::chrono::hours(1));
    EXPECT_EQ(pool.families, IpFamilies::Dual);
    EXPECT_EQ(std::tuple(pool.min_idle, pool.max_idle, pool.warm_up, pool.max_enis),
              std::tuple(3U, 7U, 20U, 4U));
    EXPECT_TRUE(pool.prefixes);
    EXPECT_EQ(
        std::tuple(pool.reclaim_after, pool.reconcile_every, pool.leak_grace),
        std::tuple(std::chrono::minutes(20), std::chrono::minutes(1), std::chrono::minutes(5)));
    const auto& cloud = profile.cloud;
    EXPECT_EQ(cloud.metadata, "http://127.0.0.1:1");
    EXPECT_EQ(std::tuple(cloud.region, cloud.instance, cloud.instance_type),
              std::tuple("cn-hangzhou", "i-1", "ecs.g7.large"));
    EXPECT_THAT(cloud.vswitches, ElementsAre("vsw-1", "vsw-2"));
    EXPECT_EQ(cloud.vswitch_policy, VSwitchPolicy::MostFree);
    EXPECT_THAT(cloud.security_groups, ElementsAre("sg-1"));
    EXPECT_EQ(std::tuple(cloud.resource_group, cloud.cluster), std::tuple("rg-1", "c1"));
    EXPECT_EQ(cloud.credentials, CredentialSource::Oidc);
    EXPECT_EQ(std::tuple(cloud.credentials_file, cloud.role, cloud.oidc_role_arn,
                         cloud.oidc_provider_arn, cloud.oidc_token_file),
              std::tuple("/c", "r", "a", "b", "/t"));
    EXPECT_EQ(cloud.signature, SignatureVersion::V1);
    EXPECT_EQ(std::tuple(cloud.network, cloud.ecs_endpoint, cloud.vpc_endpoint, cloud.sts_endpoint,
                         cloud.ca_file),
              std::tuple("public", "https://ecs:8443", "http://127.0.0.1:2", "", "/ca"));
    EXPECT_EQ(cloud.call_timeout, std::chrono::seconds(5));
    EXPECT_TRUE(cloud.manage_routes);
    EXPECT_EQ(cloud.route_table, "vtb-1");
    EXPECT_EQ(cloud.tags.at("team") + cloud.only_tags.at("pool") + cloud.block_tags.at("pool"),
              "netab");
}

TEST(Profile, ReadsHowManyWholeEnisAreKeptReady) {
    const auto profile = parse_good(R"(
profile = "x"
[chain]
dataplane = "veth"
[pool]
source = "exclusive-eni"
families = "dual"
[pool.exclusive]
min_idle = 2
max_idle = 3
max_enis = 4
)");
    EXPECT_EQ(profile.pool.source, AddressSource::ExclusiveEni);
    const auto& exclusive = profile.pool.exclusive;
    EXPECT_EQ(std::tuple(exclusive.min_idle, exclusive.max_idle, exclusive.max_enis),
              std::tuple(2U, 3U, 4U));
}

TEST(PodCidrs, AreReadFromACommandLineByTheSameRules) {
    const std::vector<std::string> good{"10.0.0.0/24", "fd00::/64"};
    EXPECT_EQ(parse_pod_cidrs(good).size(), 2U);
    const std::vector<std::string> overlapping{"10.0.0.0/16", "10.0.4.0/24"};
    EXPECT_THAT([&] { static_cast<void>(parse_pod_cidrs(overlapping)); },
                ThrowsMessage<Error>("\"10.0.4.0/24\" overlaps \"10.0.0.0/16\""));
}

}  // namespace
}  // namespace terway::profile
