#include "cni/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cni/failure.hpp"
#include "support.hpp"

namespace terway::cni {
namespace {

using test::config_with;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

Config parse(const std::string& more) {
    return parse_config(config_with(more), Strictness::Full);
}

TEST(Config, HasDefaultsForOurOwnKeys) {
    const auto config = parse("");
    EXPECT_EQ(config.socket, "/run/terway/cni.sock");
    EXPECT_EQ(config.queue, "/var/lib/terway/queue");
    EXPECT_FALSE(config.mtu);
    EXPECT_FALSE(config.previous);
    EXPECT_FALSE(config.valid_attachments);
    EXPECT_FALSE(config.runtime.bandwidth);
    EXPECT_EQ(config.runtime.port_mappings, "");
}

TEST(Config, ReadsOurOwnKeys) {
    const auto config = parse(R"("socket":"/s","queue":"/q","mtu":1400)");
    EXPECT_EQ(config.socket, "/s");
    EXPECT_EQ(config.queue, "/q");
    EXPECT_EQ(config.mtu, 1400U);
}

TEST(Config, IgnoresKeysItDoesNotKnow) {
    EXPECT_EQ(
        parse(R"("ipam":{"type":"x"},"capabilities":{"mac":true},"cni.dev/new":[1],"z":null)").type,
        "terway");
}

TEST(Config, TakesNullForAbsent) {
    const auto config = parse(R"("prevResult":null,"runtimeConfig":null,"mtu":null,"dns":null)");
    EXPECT_FALSE(config.previous);
    EXPECT_FALSE(config.mtu);
}

TEST(Config, ReadsDns) {
    const auto dns =
        parse(R"("dns":{"nameservers":["10.0.0.10"],"domain":"d","search":["s"],"options":["o"]})")
            .dns;
    EXPECT_EQ(dns, (Dns{{"10.0.0.10"}, "d", {"s"}, {"o"}}));
}

TEST(Config, ReadsTheRuntimeConfigOfTheConventions) {
    const auto runtime = parse(R"("runtimeConfig":{
        "bandwidth":{"ingressRate":1,"ingressBurst":2,"egressRate":3,"egressBurst":4},
        "portMappings":[{"hostPort":80,"containerPort":8080,"protocol":"tcp"}],
        "ips":["10.0.0.3/24","fd00::3"],"mac":"02:00:00:00:00:02",
        "dns":{"servers":["10.0.0.10"],"searches":["svc"],"options":["ndots:5"]},
        "io.kubernetes.cri.pod-annotations":{"k":"v"}})")
                             .runtime;
    EXPECT_EQ(runtime.bandwidth, (Bandwidth{1, 2, 3, 4}));
    EXPECT_EQ(runtime.port_mappings, R"([{"hostPort":80,"containerPort":8080,"protocol":"tcp"}])");
    EXPECT_THAT(runtime.ips,
                ElementsAre(*IpAddress::parse("10.0.0.3"), *IpAddress::parse("fd00::3")));
    EXPECT_EQ(runtime.mac, Mac::parse("02:00:00:00:00:02"));
    EXPECT_EQ(runtime.dns, (Dns{{"10.0.0.10"}, "", {"svc"}, {"ndots:5"}}));
    EXPECT_THAT(runtime.pod_annotations, ElementsAre(Pair("k", "v")));
}

// containerd's structures carry no JSON names.
TEST(Config, ReadsTheBandwidthContainerdWrites) {
    const auto runtime = parse(R"("runtimeConfig":{"bandwidth":{"IngressRate":10000000,
        "IngressBurst":4294967295,"EgressRate":0,"EgressBurst":0}})")
                             .runtime;
    EXPECT_EQ(runtime.bandwidth, (Bandwidth{10000000, 4294967295, 0, 0}));
}

TEST(Config, TakesABandwidthOfZeroesForNone) {
    EXPECT_FALSE(parse(R"("runtimeConfig":{"bandwidth":{"ingressRate":0}})").runtime.bandwidth);
}

TEST(Config, PrefersTheExactKeyToOneOfAnotherCase) {
    EXPECT_EQ(parse(R"("MTU":1300,"mtu":1400)").mtu, 1400U);
    EXPECT_EQ(parse(R"("MTU":1300)").mtu, 1300U);
}

TEST(Config, TellsAnAbsentListOfAttachmentsFromAnEmptyOne) {
    EXPECT_FALSE(parse("").valid_attachments);
    const auto empty = parse(R"("cni.dev/valid-attachments":[])").valid_attachments;
    ASSERT_TRUE(empty);
    EXPECT_TRUE(empty->empty());
}

TEST(Config, ReadsAttachmentsUnderEitherName) {
    for (const auto* key : {"cni.dev/valid-attachments", "cni.dev/attachments"}) {
        const auto list =
            parse('"' + std::string(key) +
                  R"(":[{"containerID":"a","ifname":"eth0"},{"containerID":"b","ifname":"x"}])")
                .valid_attachments;
        ASSERT_TRUE(list) << key;
        EXPECT_THAT(*list, ElementsAre(Attachment{"a", "eth0"}, Attachment{"b", "x"}));
    }
}

TEST(Config, ReadsThePreviousResult) {
    const auto previous =
        parse(R"("prevResult":{"cniVersion":"1.1.0","ips":[{"address":"10.0.0.2/24"}]})").previous;
    ASSERT_TRUE(previous);
    EXPECT_EQ(previous->ips.at(0).address.text(), "10.0.0.2/24");
}

struct BadConfig {
    std::string more;
    Code code;
    const char* text;
};

class ConfigRefusal : public testing::TestWithParam<BadConfig> {};

TEST_P(ConfigRefusal, NamesTheKey) {
    try {
        static_cast<void>(parse(GetParam().more));
        FAIL() << "accepted";
    } catch (const CniError& error) {
        EXPECT_EQ(error.code(), GetParam().code) << error.what();
        EXPECT_THAT(error.what(), HasSubstr(GetParam().text));
    }
}

INSTANTIATE_TEST_SUITE_P(
    Table, ConfigRefusal,
    testing::Values(
        BadConfig{R"("type":1)", Code::Decoding, "type"},
        BadConfig{R"("socket":"run/x")", Code::InvalidConfig, "socket"},
        BadConfig{R"("socket":"/)" + std::string(107, 'x') + '"', Code::InvalidConfig, "socket"},
        BadConfig{R"("queue":"q")", Code::InvalidConfig, "queue"},
        BadConfig{R"("queue":"/q\u0000/r")", Code::InvalidConfig, "queue"},
        BadConfig{R"("mtu":67)", Code::InvalidConfig, "mtu"},
        BadConfig{R"("mtu":65536)", Code::InvalidConfig, "mtu"},
        BadConfig{R"("mtu":-1)", Code::Decoding, "mtu"},
        BadConfig{R"("mtu":"1500")", Code::Decoding, "mtu"},
        BadConfig{R"("mtu":4294967296)", Code::Decoding, "mtu"},
        BadConfig{R"("dns":[])", Code::Decoding, "dns"},
        BadConfig{R"("dns":{"search":"x"})", Code::Decoding, "dns.search"},
        BadConfig{R"("dns":{"search":["x",1]})", Code::Decoding, "dns.search[1]"},
        BadConfig{R"("runtimeConfig":{"bandwidth":{"ingressRate":-1}})", Code::Decoding,
                  "runtimeConfig.bandwidth.ingressRate"},
        BadConfig{R"("runtimeConfig":{"bandwidth":{"ingressRate":1.5}})", Code::Decoding,
                  "ingressRate"},
        BadConfig{R"("runtimeConfig":{"mac":"x"})", Code::InvalidConfig, "runtimeConfig.mac"},
        BadConfig{R"("runtimeConfig":{"ips":["x"]})", Code::InvalidConfig, "runtimeConfig.ips"},
        BadConfig{R"("args":{"cni":{"ips":["10.0.0.0/33"]}})", Code::InvalidConfig, "args.cni.ips"},
        BadConfig{R"("runtimeConfig":{"io.kubernetes.cri.pod-annotations":{"k":1}})",
                  Code::Decoding, "pod-annotations.k"},
        BadConfig{R"("prevResult":[])", Code::Decoding, "prevResult"},
        BadConfig{R"("prevResult":{"ips":[{"address":"10.0.0.2"}]})", Code::Decoding,
                  "prevResult.ips[0].address"},
        BadConfig{R"("cni.dev/valid-attachments":{})", Code::Decoding, "valid-attachments"},
        BadConfig{R"("cni.dev/valid-attachments":["x"])", Code::Decoding, "valid-attachments[0]"}));

TEST(StatedVersion, IsWhatTheDocumentSaysWhetherSpokenOrNot) {
    EXPECT_EQ(stated_version(R"({"cniVersion":"1.0.0"})"), "1.0.0");
    EXPECT_EQ(stated_version(R"({"cniVersion":"7"})"), "7");
    EXPECT_FALSE(stated_version(R"({"cniVersion":7})"));
    EXPECT_FALSE(stated_version("{}"));
    EXPECT_FALSE(stated_version(""));
}

TEST(VersionForAnswer, IsOneThatWeSpeak) {
    EXPECT_EQ(version_for_answer(R"({"cniVersion":"0.4.0"})"), (Version{0, 4, 0}));
    EXPECT_EQ(version_for_answer(R"({"cniVersion":"0.1.0"})"), kNewestVersion);
    EXPECT_EQ(version_for_answer("{"), kNewestVersion);
}

}  // namespace
}  // namespace terway::cni
