#include "daemon/fallback.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/chain_check.hpp"

namespace terway::daemon {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Preflight works(const std::string& module) {
    return {module, {{"kernel>=4.19", true, "6.1", ""}}};
}

Preflight lacks(const std::string& module) {
    return {module,
            {{"kernel>=4.19", true, "6.1", ""},
             {"netdev:" + module, false, "not supported", "another kernel"}}};
}

profile::Profile parse(const std::string& text) {
    profile::Diagnostics diagnostics("p");
    auto profile = profile::parse("profile = \"p\"\n" + text, diagnostics);
    EXPECT_EQ(diagnostics.print(), "");
    return std::move(profile).value();
}

const std::string two_classes =
    "[chain]\ndataplane = \"ipvlan\"\nfallback = \"veth\"\nqos = \"tc\"\n"
    "[[chain.when]]\nnamespace = \"a\"\ndataplane = \"whole\"\nqos = false\n"
    "[[chain.when]]\nnamespace = \"b\"\nqos = false\n";

TEST(Fallback, IsLeftAloneWhereEverythingWorks) {
    const auto fitted =
        fit(parse(two_classes), {works("ipvlan"), works("veth"), works("tc"), works("whole")});
    EXPECT_THAT(fitted.refusals, IsEmpty());
    EXPECT_THAT(fitted.in_force, IsEmpty());
    EXPECT_EQ(fitted.profile.chain.dataplane, "ipvlan");
    EXPECT_EQ(fitted.profile.chain.fallback, "veth");
}

TEST(Fallback, TakesThePlaceOfADataplaneInEveryChainThatNamesIt) {
    const auto fitted =
        fit(parse(two_classes), {lacks("ipvlan"), works("veth"), works("tc"), works("whole")});
    EXPECT_THAT(fitted.refusals, IsEmpty());
    EXPECT_THAT(fitted.in_force,
                ElementsAre(Fallback{"ipvlan", "veth", "netdev:ipvlan: not supported"}));
    EXPECT_EQ(fitted.profile.chain.dataplane, "veth");
    EXPECT_EQ(fitted.profile.chain.fallback, std::nullopt);
    EXPECT_EQ(fitted.profile.chain.qos, "tc");
    EXPECT_EQ(fitted.profile.rules[0].chain.dataplane, "whole");
    EXPECT_EQ(fitted.profile.rules[1].chain.dataplane, "veth");
}

TEST(Fallback, ThatDoesNotWorkEitherRefusesTheProfileAndNamesBoth) {
    const auto fitted =
        fit(parse(two_classes), {lacks("ipvlan"), lacks("veth"), works("tc"), works("whole")});
    EXPECT_THAT(fitted.refusals,
                ElementsAre("dataplane ipvlan cannot run here: netdev:ipvlan: not supported; nor "
                            "can its fallback veth: netdev:veth: not supported"));
}

TEST(Fallback, ThatIsNotNeededMayLackWhatItLikes) {
    const auto fitted =
        fit(parse(two_classes), {works("ipvlan"), lacks("veth"), works("tc"), works("whole")});
    EXPECT_THAT(fitted.refusals, IsEmpty());
    EXPECT_THAT(fitted.unusable,
                ElementsAre("module veth cannot run here: netdev:veth: not supported"));
    EXPECT_EQ(fitted.profile.chain.fallback, std::nullopt);
}

TEST(Fallback, IsNoneForARuleWithADataplaneOfItsOwnNorForAQosModule) {
    const auto fitted =
        fit(parse(two_classes), {works("ipvlan"), works("veth"), lacks("tc"), lacks("whole")});
    EXPECT_THAT(fitted.refusals,
                ElementsAre("module tc cannot run here: netdev:tc: not supported",
                            "dataplane whole cannot run here: netdev:whole: not supported; the "
                            "profile names no fallback for it"));
}

std::string complaints(const std::string& text, const std::map<std::string, ModuleFacts>& facts) {
    profile::Diagnostics diagnostics("p");
    check_chains(parse(text), facts, diagnostics);
    return diagnostics.print();
}

const std::map<std::string, ModuleFacts> facts{
    {"veth", {{"kernel>=4.19", "offers:host-link", "offers:pod-link"}, true}},
    {"ipvlan", {{"offers:pod-link"}, true}},
    {"plain", {{}, false}},
    {"whole", {{"eni:exclusive", "offers:pod-link"}, true}},
    {"felix", {{"tool:iptables", "needs:host-link"}, false}},
    {"tc", {{"needs:pod-link"}, false}}};

TEST(ChainCheck, LetsModulesPassThatGoTogether) {
    EXPECT_EQ(complaints("[chain]\ndataplane = \"veth\"\nqos = \"tc\"\npolicy = \"felix\"\n"
                         "[[chain.when]]\nnamespace = \"a\"\ndataplane = \"ipvlan\"\n"
                         "policy = false\n",
                         facts),
              "");
}

TEST(ChainCheck, RefusesAPairAtThePlaceOfTheRule) {
    EXPECT_EQ(complaints("[chain]\ndataplane = \"veth\"\npolicy = \"felix\"\n"
                         "[[chain.when]]\nnamespace = \"a\"\ndataplane = \"ipvlan\"\n"
                         "[[chain.when]]\nnamespace = \"b\"\ndataplane = \"plain\"\n",
                         facts),
              "p:5:1: error: module felix needs a dataplane with host-link, and ipvlan offers "
              "pod-link\n"
              "p:8:1: error: module felix needs a dataplane with host-link, and plain offers "
              "nothing\n");
}

TEST(ChainCheck, LooksAtTheFallbackToo) {
    EXPECT_EQ(complaints("[chain]\ndataplane = \"veth\"\nfallback = \"ipvlan\"\n"
                         "policy = \"felix\"\n",
                         facts),
              "p:2:1: error: module felix needs a dataplane with host-link, and ipvlan offers "
              "pod-link\n");
}

TEST(ChainCheck, WantsServicesTranslatedWhereTheProfileLeavesThemToModules) {
    auto with_lb = facts;
    with_lb["lb"] = {{"needs:pod-link"}, false, true};
    const std::string chains =
        "[chain]\ndataplane = \"veth\"\npolicy = \"lb\"\n"
        "[[chain.when]]\nnamespace = \"a\"\npolicy = \"felix\"\n"
        "[[chain.when]]\nnamespace = \"b\"\npolicy = false\n";
    EXPECT_EQ(complaints(chains, with_lb), "");
    EXPECT_EQ(complaints(chains + "[service]\nby = \"module\"\n", with_lb),
              "p:5:1: error: [service] by = \"module\" needs a policy module that translates "
              "Services, and felix offers no terway.service/1\n"
              "p:8:1: error: [service] by = \"module\" needs a policy module in every chain, one "
              "that translates Services\n");
}

const std::map<std::string, ModuleFacts> facts_of_external{
    {"veth", {{"offers:host-link"}, true}},
    {"ipvlan", {{"offers:pod-link"}, true}},
    {"felix",
     {{"needs:host-link if backend=external", "needs:felix-host-names if backend=external"},
      false}}};

TEST(ChainCheck, NamesTheSettingThatAModuleNeedsAndThePlaceOfWhatNeedsIt) {
    const std::string profile =
        "[chain]\ndataplane = \"veth\"\npolicy = \"felix\"\n"
        "[[chain.when]]\nnamespace = \"a\"\ndataplane = \"veth\"\n"
        "[module.felix]\nbackend = \"external\"\n";
    EXPECT_EQ(complaints(profile, facts_of_external),
              "p:9:11: error: module felix with backend = \"external\" needs [endpoint] "
              "host_names = \"felix\"\n");
    EXPECT_EQ(complaints(profile + "[endpoint]\nhost_names = \"felix\"\n", facts_of_external), "");
}

TEST(ChainCheck, LeavesOutNeedsOfASettingThatIsNot) {
    const std::string chain = "[chain]\ndataplane = \"ipvlan\"\npolicy = \"felix\"\n";
    EXPECT_EQ(complaints(chain, facts_of_external), "");
    EXPECT_EQ(complaints(chain + "[module.felix]\nbackend = \"nftables\"\n", facts_of_external),
              "");
    EXPECT_EQ(complaints(chain + "[endpoint]\nhost_names = \"felix\"\n"
                                 "[module.felix]\nbackend = \"external\"\n",
                         facts_of_external),
              "p:2:1: error: module felix with backend = \"external\" needs a dataplane with "
              "host-link, and ipvlan offers pod-link\n");
}

TEST(ChainCheck, RefusesAddressesOfEnisForADataplaneThatKnowsNone) {
    EXPECT_EQ(complaints("[chain]\ndataplane = \"veth\"\n"
                         "[[chain.when]]\nnamespace = \"a\"\ndataplane = \"plain\"\n"
                         "addresses = \"exclusive-eni\"\n",
                         facts),
              "p:4:1: error: addresses come from ENIs (\"exclusive-eni\"), but the dataplane plain "
              "serves a node's own addresses only\n");
}

TEST(ChainCheck, RefusesSharedAddressesForADataplaneThatLendsWholeEnis) {
    EXPECT_EQ(complaints("[chain]\ndataplane = \"whole\"\n[pool]\nsource = \"eni\"\n", facts),
              "p:2:1: error: the dataplane whole lends whole ENIs and needs addresses from "
              "\"exclusive-eni\", not from \"eni\"\n");
    EXPECT_EQ(complaints("[chain]\ndataplane = \"whole\"\nqos = \"tc\"\n"
                         "[pool]\nsource = \"exclusive-eni\"\n",
                         facts),
              "");
}

}  // namespace
}  // namespace terway::daemon
