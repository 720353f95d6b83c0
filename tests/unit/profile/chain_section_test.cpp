#include <ostream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "profile/profile.hpp"

namespace terway::profile {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

Profile parse_good(const std::string& text) {
    Diagnostics diagnostics("p");
    auto profile = parse(text, diagnostics);
    EXPECT_EQ(diagnostics.print(), "");
    return std::move(profile).value();
}

const std::string start = "profile = \"p\"\n[chain]\ndataplane = \"veth\"\n";

TEST(ChainRules, InheritWhatTheyDoNotSay) {
    const auto profile = parse_good(
        "profile = \"p\"\n[chain]\ndataplane = \"ipvlan\"\nqos = \"tc\"\npolicy = \"nft\"\n"
        "fallback = \"veth\"\n"
        "[[chain.when]]\nresource = \"aliyun/eni\"\ndataplane = \"whole\"\n"
        "addresses = \"exclusive-eni\"\n"
        "[[chain.when]]\nnamespace = \"kube-*\"\nlabel = \"app=dns\"\nannotation = \"x/y\"\n"
        "qos = \"\"\npolicy = false\n"
        "[pool]\nsource = \"eni\"\n");
    EXPECT_EQ(profile.chain.addresses, AddressSource::Eni);
    EXPECT_EQ(profile.chain.fallback, "veth");
    EXPECT_THAT(profile.chain.ids(), ElementsAre("ipvlan", "tc", "nft", "veth"));
    ASSERT_THAT(profile.rules, SizeIs(2));
    const auto& whole = profile.rules[0];
    EXPECT_EQ(whole.when.resource, "aliyun/eni");
    EXPECT_EQ(whole.chain.dataplane, "whole");
    EXPECT_EQ(whole.chain.qos, "tc");
    EXPECT_EQ(whole.chain.policy, "nft");
    EXPECT_EQ(whole.chain.addresses, AddressSource::ExclusiveEni);
    EXPECT_EQ(whole.chain.fallback, std::nullopt) << "a fallback is for the dataplane beside it";
    const auto& system = profile.rules[1];
    EXPECT_EQ(system.when.pod_namespace, "kube-*");
    EXPECT_EQ(system.when.label, (KeyCondition{"app", "dns"}));
    EXPECT_EQ(system.when.annotation, (KeyCondition{"x/y", std::nullopt}));
    EXPECT_EQ(system.chain.dataplane, "ipvlan");
    EXPECT_EQ(system.chain.fallback, "veth");
    EXPECT_EQ(system.chain.qos, std::nullopt);
    EXPECT_EQ(system.chain.policy, std::nullopt);
    EXPECT_EQ(system.chain.addresses, AddressSource::Eni);
    EXPECT_EQ(system.chain.place.line, 11U);
}

TEST(ChainRules, BringTheirModulesIntoTheProfile) {
    const auto profile = parse_good(start +
                                    "[[chain.when]]\nnamespace = \"a\"\ndataplane = \"other\"\n"
                                    "qos = \"tc\"\nfallback = \"third\"\n"
                                    "[module.other]\nx = 1\n[module.third]\n[module.tc]\n");
    for (const auto* id : {"veth", "other", "tc", "third"}) {
        EXPECT_TRUE(profile.modules.contains(id)) << id;
    }
    EXPECT_EQ(profile.modules.at("other").table.find("x")->integer, 1);
}

TEST(ChainRules, MayTakeAddressesOfEnisWhereTheRestHasTheNodesOwn) {
    const auto profile = parse_good(start +
                                    "[[chain.when]]\nlabel = \"a\"\naddresses = \"eni\"\n"
                                    "[pool]\nmin_idle = 3\n");
    EXPECT_TRUE(profile.uses(AddressSource::Eni));
    EXPECT_TRUE(profile.uses(AddressSource::PodCidr));
    EXPECT_FALSE(profile.uses(AddressSource::ExclusiveEni));
    EXPECT_EQ(profile.pool.min_idle, 3U);
}

TEST(ChainRules, StandInTheOrderOfTheFileAlsoAsAnInlineArray) {
    const auto profile = parse_good(
        start +
        "when = [{ namespace = \"a\", qos = \"x\" }, { namespace = \"b\", qos = \"y\" }]\n");
    ASSERT_THAT(profile.rules, SizeIs(2));
    EXPECT_EQ(profile.rules[0].chain.qos, "x");
    EXPECT_EQ(profile.rules[1].chain.qos, "y");
}

struct Mistake {
    const char* name;
    std::string text;
    const char* complaints;
};

std::ostream& operator<<(std::ostream& out, const Mistake& mistake) {
    return out << mistake.name;
}

class ChainMistakes : public testing::TestWithParam<Mistake> {};

TEST_P(ChainMistakes, AreReportedAtTheirPlace) {
    Diagnostics diagnostics("p");
    EXPECT_FALSE(parse(GetParam().text, diagnostics).has_value());
    EXPECT_EQ(diagnostics.print(), GetParam().complaints);
}

// What follows it begins on line 5.
const std::string rule = start + "[[chain.when]]\n";

const Mistake mistakes[] = {
    {"NoCondition", rule + "qos = \"tc\"\n",
     "p:4:1: error: a rule needs a condition: resource, namespace, label or annotation\n"},
    {"NoConsequence", rule + "namespace = \"a\"\n",
     "p:4:1: error: a rule needs a consequence: dataplane, qos, policy, fallback or addresses\n"},
    {"UnknownKey", rule + "namespace = \"a\"\nqso = \"tc\"\nqos = \"tc\"\n",
     "p:6:1: error: unknown key \"qso\" in [[chain.when]], did you mean \"qos\"?\n"},
    {"UnknownConditionIsNoCondition", rule + "name = \"a\"\nqos = \"tc\"\n",
     "p:4:1: error: a rule needs a condition: resource, namespace, label or annotation\n"
     "p:5:1: error: unknown key \"name\" in [[chain.when]]\n"},
    {"NoTable", start + "when = { namespace = \"a\" }\n",
     "p:4:8: error: when must hold tables only: [[chain.when]]\n"},
    {"NoTables", start + "when = [3]\n",
     "p:4:9: error: when must hold tables only: [[chain.when]]\n"},
    {"ResourceWithACount", rule + "resource = \"aliyun/eni=1\"\nqos = \"tc\"\n",
     "p:5:12: error: resource must be such as \"aliyun/eni\"\n"},
    {"EmptyResource", rule + "resource = \"\"\nqos = \"tc\"\n",
     "p:5:12: error: resource must be such as \"aliyun/eni\"\n"},
    {"NamespaceWithAName", rule + "namespace = \"a/b\"\nqos = \"tc\"\n",
     "p:5:13: error: namespace must be such as \"kube-*\"\n"},
    {"NamespaceOfAnotherType", rule + "namespace = 3\nqos = \"tc\"\n",
     "p:5:13: error: namespace must be a string\n"},
    {"LabelWithoutKey", rule + "label = \"=a\"\nqos = \"tc\"\n",
     "p:5:9: error: label must be \"key\" or \"key=value\"\n"},
    {"EmptyAnnotation", rule + "annotation = \"\"\nqos = \"tc\"\n",
     "p:5:14: error: annotation must be \"key\" or \"key=value\"\n"},
    {"QosThatIsTrue", rule + "label = \"a\"\nqos = true\n",
     "p:6:7: error: qos must be a module id, or false for none\n"},
    {"PolicyThatIsANumber", rule + "label = \"a\"\npolicy = 3\n",
     "p:6:10: error: policy must be a string\n"},
    {"DataplaneThatIsAPath", rule + "label = \"a\"\ndataplane = \"/x\"\n",
     "p:6:13: error: dataplane must be a module id: 1 to 47 of a-z, 0-9, \"-\", \"_\" and \".\"\n"},
    {"UnknownAddresses", rule + "label = \"a\"\naddresses = \"exclusive\"\n",
     "p:6:13: error: addresses must be \"pod-cidr\", \"eni\" or \"exclusive-eni\"\n"},
    {"FallbackThatIsTheDataplane", start + "fallback = \"veth\"\n",
     "p:4:12: error: fallback must be another module than the dataplane\n"},
    {"FallbackOfARuleThatIsTheDataplane", rule + "label = \"a\"\nfallback = \"veth\"\n",
     "p:6:12: error: fallback must be another module than the dataplane\n"},
    {"SameRuleTwice",
     rule + "label = \"a\"\nqos = \"tc\"\n[[chain.when]]\nlabel = \"a\"\npolicy = \"x\"\n",
     "p:7:1: error: the rule is never reached: that of line 4 takes all its pods\n"},
    {"RuleBehindAWiderOne",
     rule + "label = \"a\"\nqos = \"tc\"\n"
            "[[chain.when]]\nlabel = \"a=b\"\nnamespace = \"n\"\npolicy = \"x\"\n",
     "p:7:1: error: the rule is never reached: that of line 4 takes all its pods\n"},
    {"RuleBehindOneForAll",
     rule + "namespace = \"*\"\nqos = \"tc\"\n[[chain.when]]\nresource = \"r\"\npolicy = \"x\"\n",
     "p:7:1: error: the rule is never reached: that of line 4 takes all its pods\n"},
    {"ModuleOfNoRule", rule + "label = \"a\"\nqos = \"tc\"\n[module.tcc]\n",
     "p:7:9: error: [module.tcc] names no module of the chain, did you mean \"tc\"?\n"},
};

INSTANTIATE_TEST_SUITE_P(Profile, ChainMistakes, testing::ValuesIn(mistakes),
                         [](const auto& mistake) { return std::string(mistake.param.name); });

}  // namespace
}  // namespace terway::profile
