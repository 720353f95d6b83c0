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

TEST(PodCidrs, AreReadFromACommandLineByTheSameRules) {
    const std::vector<std::string> good{"10.0.0.0/24", "fd00::/64"};
    EXPECT_EQ(parse_pod_cidrs(good).size(), 2U);
    const std::vector<std::string> overlapping{"10.0.0.0/16", "10.0.4.0/24"};
    EXPECT_THAT([&] { static_cast<void>(parse_pod_cidrs(overlapping)); },
                ThrowsMessage<Error>("\"10.0.4.0/24\" overlaps \"10.0.0.0/16\""));
}

}  // namespace
}  // namespace terway::profile
