#include "ctl/import_eni_conf.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "base/file.hpp"
#include "ctl/go_duration.hpp"
#include "profile/toml.hpp"
#include "terway/error.hpp"

namespace terway::ctl {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string kData = TERWAY_TEST_DATA "/eni_conf/";

std::string sample(const std::string& name) {
    return read_file(kData + name);
}

Import import(const std::string& text, const ImportOptions& options = {}) {
    return import_eni_conf(text, options);
}

std::string told(const Import& made) {
    std::string all;
    for (const auto& remark : made.remarks) {
        all += print(remark, made.source) + "\n";
    }
    return all;
}

// The lines of a profile without comments.
std::vector<std::string> lines(const Import& made) {
    std::vector<std::string> all;
    std::string line;
    for (const char c : made.profile) {
        if (c != '\n') {
            line += c;
            continue;
        }
        const auto comment = line.find("# ");
        line.resize(std::min(line.size(), comment));
        line.erase(line.find_last_not_of(' ') + 1);
        all.push_back(line);
        line.clear();
    }
    return all;
}

std::string refusal(const std::string& text) {
    try {
        return "no failure but\n" + import(text).profile;
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::Invalid);
        return error.what();
    }
}

class Golden : public testing::TestWithParam<const char*> {};

TEST_P(Golden, IsWhatTheSampleBecomes) {
    const auto made = import(sample(GetParam() + std::string(".json")));
    EXPECT_EQ(made.profile, sample(GetParam() + std::string(".toml")));
    EXPECT_EQ(told(made), sample(GetParam() + std::string(".remarks")));
}

INSTANTIATE_TEST_SUITE_P(EniConf, Golden,
                         testing::Values("managed", "self_hosted", "everything", "mistakes",
                                         "empty"));

class Sample : public testing::TestWithParam<const char*> {};

TEST_P(Sample, BecomesTomlWithKeysOfTheProfileOnly) {
    const std::set<std::string> pool{"source",        "families",        "min_idle",  "max_idle",
                                     "warm_up",       "max_enis",        "prefixes",  "cool_down",
                                     "reclaim_after", "reconcile_every", "leak_grace"};
    const std::set<std::string> cloud{"vswitches",        "vswitch_policy", "security_groups",
                                      "resource_group",   "cluster",        "credentials",
                                      "credentials_file", "tags",           "only_tags",
                                      "block_tags"};
    profile::Diagnostics diagnostics("made");
    const auto made = import(sample(GetParam()), {.credentials_file = "/etc/terway/keys.toml"});
    const auto table = profile::parse_toml(made.profile, diagnostics);
    ASSERT_TRUE(table) << diagnostics.print();
    const auto* pool_table = table->find("pool");
    const auto* cloud_table = table->find("cloud");
    ASSERT_NE(pool_table, nullptr);
    ASSERT_NE(cloud_table, nullptr);
    for (const auto& entry : pool_table->table.entries) {
        EXPECT_TRUE(pool.contains(entry.key)) << entry.key;
    }
    for (const auto& entry : cloud_table->table.entries) {
        EXPECT_TRUE(cloud.contains(entry.key)) << entry.key;
    }
}

INSTANTIATE_TEST_SUITE_P(EniConf, Sample,
                         testing::Values("managed.json", "self_hosted.json", "everything.json",
                                         "mistakes.json", "empty.json", "config_map.json"));

TEST(ImportEniConf, TakesEniConfOutOfAConfigMap) {
    EXPECT_EQ(import(sample("config_map.json")).profile,
              import(sample("self_hosted.json")).profile);
}

TEST(ImportEniConf, TellsWhatElseTheConfigMapHolds) {
    const auto text = told(import(sample("config_map.json")));
    EXPECT_THAT(text, HasSubstr("eni_conf (eni_conf): no equivalent: 10-terway.conf: not read"));
    EXPECT_THAT(text,
                HasSubstr("eni_conf (eni_conf): no equivalent: disable_network_policy: Network"));
    EXPECT_THAT(text, HasSubstr("eni_conf (eni_conf):5:3: no equivalent: service_cidr"));
    EXPECT_THAT(told(import(R"({"data": {"eni_conf": "{}", "disable_network_policy": "true"}})")),
                Not(HasSubstr("disable_network_policy")));
}

TEST(ImportEniConf, NeverPutsASecretIntoTheProfileOrARemark) {
    for (const auto* file : {"", "/etc/terway/keys.toml"}) {
        const auto made = import(sample("self_hosted.json"), {.credentials_file = file});
        for (const auto* secret : {"LTAIexampleexample01", "not-a-real-secret-30-characters"}) {
            EXPECT_THAT(made.profile, Not(HasSubstr(secret)));
            EXPECT_THAT(told(made), Not(HasSubstr(secret)));
        }
    }
    const auto half = import(sample("mistakes.json"), {.credentials_file = "/k"});
    EXPECT_THAT(told(half) + half.profile, Not(HasSubstr("LTAIexampleexample02")));
    EXPECT_EQ(half.credentials, "");
}

TEST(ImportEniConf, PutsTheKeysIntoAFileOfTheirOwnIfItIsNamed) {
    EXPECT_EQ(import(sample("self_hosted.json")).credentials, "");
    const auto made = import(sample("self_hosted.json"), {.credentials_file = "/etc/keys.toml"});
    EXPECT_THAT(made.credentials, HasSubstr("access_key_id = \"LTAIexampleexample01\"\n"));
    EXPECT_THAT(made.credentials,
                HasSubstr("access_key_secret = \"not-a-real-secret-30-characters\"\n"));
    EXPECT_THAT(lines(made), Contains("credentials = \"file\""));
    EXPECT_THAT(lines(made), Contains("credentials_file = \"/etc/keys.toml\""));
}

TEST(ImportEniConf, TakesTheVSwitchesOfOneZone) {
    const auto made = import(sample("managed.json"), {.zone = "cn-hangzhou-k"});
    EXPECT_THAT(lines(made), Contains("vswitches = [\"vsw-bp1k000000000000000a\"]"));
    EXPECT_THAT(told(made), Not(HasSubstr("--zone")));
    EXPECT_THAT(told(import(sample("managed.json"), {.zone = "cn-hangzhou-x"})),
                HasSubstr("there are none for the zone \"cn-hangzhou-x\""));
}

TEST(ImportEniConf, CallsMostFreeWhatTheOriginalCallsOrdered) {
    EXPECT_THAT(lines(import(R"({"vswitch_selection_policy": "ordered"})")),
                Contains("vswitch_policy = \"most-free\""));
    EXPECT_THAT(lines(import("{}")), Contains("vswitch_policy = \"random\""));
}

TEST(ImportEniConf, CutsTheLowerMarkToTheUpper) {
    const auto made = import(R"({"min_pool_size": 8, "max_pool_size": 4})");
    EXPECT_THAT(lines(made), Contains("min_idle = 4"));
    EXPECT_THAT(lines(made), Contains("max_idle = 4"));
}

TEST(ImportEniConf, FindsAnUpperMarkForALowerOneThatStandsAlone) {
    EXPECT_THAT(lines(import(R"({"min_pool_size": 3})")), Contains("max_idle = 10"));
    EXPECT_THAT(lines(import(R"({"min_pool_size": 30})")), Contains("max_idle = 30"));
}

TEST(ImportEniConf, TakesNullForAbsent) {
    EXPECT_EQ(import(R"({"max_pool_size": null, "vswitches": null, "ip_stack": null})").profile,
              import("{}").profile);
}

TEST(ImportEniConf, SaysWhetherItDroppedSomething) {
    EXPECT_FALSE(import(sample("everything.json")
                            .replace(sample("everything.json").find(", \"acs:no\": \"x\""), 15, ""))
                     .dropped_something());
    EXPECT_TRUE(import(sample("mistakes.json")).dropped_something());
}

TEST(ImportEniConf, KeepsStrangeTextsInsideTheirStrings) {
    const auto made = import(R"({"vswitches": {"z\n[daemon]\nsocket": ["a\"]\nx = [\"b"]},
                                 "eni_tags": {"k = 1\n": "\u0007"}})");
    profile::Diagnostics diagnostics("made");
    const auto table = profile::parse_toml(made.profile, diagnostics);
    ASSERT_TRUE(table) << diagnostics.print() << made.profile;
    EXPECT_EQ(table->find("daemon"), nullptr);
    const auto& cloud = table->find("cloud")->table;
    EXPECT_EQ(cloud.find("vswitches")->table.entries.at(0).string, "a\"]\nx = [\"b");
    EXPECT_EQ(cloud.find("tags")->table.entries.at(0).key, "k = 1\n");
}

TEST(ImportEniConf, NamesThePlaceOfAMistakeInTheJson) {
    EXPECT_THAT(refusal("{\n  \"max_pool_size\": 5,\n  \"min_pool_size\" 1\n}"),
                StartsWith("eni_conf:3:19: no valid JSON: "));
    EXPECT_THAT(refusal("{\"a\": 1"), StartsWith("eni_conf:1:8: no valid JSON: "));
    EXPECT_THAT(refusal("{}\n{}"), StartsWith("eni_conf:2:1: something follows"));
    EXPECT_THAT(refusal(" \n"), StartsWith("eni_conf:1:1: there is nothing in it"));
}

TEST(ImportEniConf, NamesThePlaceOfAMistakeInsideAConfigMap) {
    EXPECT_THAT(refusal(R"({"data": {"eni_conf": "{\n\"a\" 1}"}})"),
                StartsWith("eni_conf (eni_conf):2:5: no valid JSON: "));
}

TEST(ImportEniConf, SaysHowToGetJsonWhenItIsGivenYaml) {
    EXPECT_THAT(refusal("apiVersion: v1\nkind: ConfigMap\n"),
                HasSubstr("kubectl -n kube-system get cm eni-config -o json"));
}

TEST(ImportEniConf, SaysThatAConfigMapHasNoEniConf) {
    EXPECT_THAT(refusal("{\n\"kind\": \"ConfigMap\",\n \"data\": {\"x\": \"{}\"}}"),
                StartsWith("eni_conf:3:2: the ConfigMap has no key \"eni_conf\""));
}

TEST(GoDuration, IsReadAsGoReadsIt) {
    using std::chrono::milliseconds;
    EXPECT_EQ(parse_go_duration("10m"), milliseconds(600'000));
    EXPECT_EQ(parse_go_duration("1h30m"), milliseconds(5'400'000));
    EXPECT_EQ(parse_go_duration("1.5s"), milliseconds(1'500));
    EXPECT_EQ(parse_go_duration("250ms"), milliseconds(250));
    EXPECT_EQ(parse_go_duration("0"), milliseconds(0));
    for (const auto* wrong :
         {"", "10", "m", "-5s", "10 m", "5d", "1e3s", "infs", "nans", "1h-5m", "99999999999999h"}) {
        EXPECT_EQ(parse_go_duration(wrong), std::nullopt) << wrong;
    }
}

}  // namespace
}  // namespace terway::ctl
