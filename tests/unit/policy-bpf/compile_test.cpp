#include "compile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>

#include <string>
#include <tuple>
#include <vector>

#include "element_model.hpp"
#include "terway/error.hpp"

namespace terway::policy_bpf {
namespace {

using policy::Action;
using policy::AddressSet;
using policy::Protocol;
using policy::RuleSet;
using policy::SetId;
using policy::SetKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;

IpAddress ip(const std::string& text) {
    return IpAddress::parse(text).value();
}

SetId id(const std::string& name) {
    return policy::id_of<SetId>(name);
}

AddressSet pods(const std::string& name, std::vector<IpAddress> addresses) {
    return {id(name), SetKind::Pods, Protocol::Tcp, {std::move(addresses), {}, {}}};
}

AddressSet block(const std::string& name, const std::string& first, const std::string& last) {
    return {id(name), SetKind::Blocks, Protocol::Tcp, {{}, {{ip(first), ip(last)}}, {}}};
}

AddressSet named(const std::string& name, Protocol protocol,
                 std::vector<policy::AddressPort> ports) {
    return {id(name), SetKind::Named, protocol, {{}, {}, std::move(ports)}};
}

policy::Match match(Action action, std::vector<std::string> sets) {
    policy::Match made{action, {sets.empty(), {}}};
    for (const auto& name : sets) {
        made.peers.sets.push_back(id(name));
    }
    return made;
}

// (port, bits) of what it makes of a range.
std::vector<std::tuple<int, int>> prefixes(std::uint16_t first, std::uint16_t last) {
    RuleSet rules;
    rules.tiers.push_back({{{Protocol::Tcp, first, last, {match(Action::Allow, {})}}}, {}, {}});
    std::vector<std::tuple<int, int>> out;
    for (const auto& port : ElementModel({}).compile(rules).ports) {
        EXPECT_EQ(port.key.protocol, kTcp);
        EXPECT_EQ(port.key.tier, 0);
        out.emplace_back(ntohs(port.key.port), port.key.prefix_length - POLICY_PORT_BITS);
    }
    return out;
}

std::string failure_of(const RuleSet& rules, const ElementModel& model, Status status) {
    try {
        (void)model.compile(rules);
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), status);
        return error.what();
    }
    return "none";
}

TEST(Compile, ARangeOfPortsIsTheFewestPrefixesThatCoverItAndNothingElse) {
    EXPECT_THAT(prefixes(0, 65535), ElementsAre(std::tuple(0, 0)));
    EXPECT_THAT(prefixes(80, 80), ElementsAre(std::tuple(80, 16)));
    EXPECT_THAT(prefixes(0, 0), ElementsAre(std::tuple(0, 16)));
    EXPECT_THAT(prefixes(65535, 65535), ElementsAre(std::tuple(65535, 16)));
    EXPECT_THAT(prefixes(1024, 65535),
                ElementsAre(std::tuple(1024, 6), std::tuple(2048, 5), std::tuple(4096, 4),
                            std::tuple(8192, 3), std::tuple(16384, 2), std::tuple(32768, 1)));
    EXPECT_THAT(prefixes(79, 82),
                ElementsAre(std::tuple(79, 16), std::tuple(80, 15), std::tuple(82, 16)));
    EXPECT_THAT(prefixes(1, 65534), SizeIs(30)) << "the most there can be";
}

TEST(Compile, ARangeMeansItsPortsOfItsProtocol) {
    RuleSet rules;
    rules.tiers.push_back({{{Protocol::Tcp, 79, 1030, {match(Action::Allow, {})}}}, {}, {}});
    const ElementModel model({});
    const auto compiled = model.compile(rules);
    for (unsigned port = 0; port <= 65535; ++port) {
        ASSERT_EQ(model.allows(compiled, kTcp, static_cast<std::uint16_t>(port), ip("10.0.0.1")),
                  port >= 79 && port <= 1030)
            << port;
    }
    EXPECT_FALSE(model.allows(compiled, kUdp, 80, ip("10.0.0.1")));
    EXPECT_FALSE(model.allows(compiled, kIcmp, 0, ip("10.0.0.1")));
}

TEST(Compile, SeveralSetsAreAskedOneAfterTheOtherInTheOrderOfTheMatches) {
    const ElementModel model({pods("a", {ip("10.0.0.1")}), block("b", "10.0.0.0", "10.0.0.255"),
                              pods("c", {ip("fd00::1")})});
    RuleSet rules;
    rules.tiers.push_back(
        {{{Protocol::Tcp, 80, 80, {match(Action::Deny, {"a", "c"}), match(Action::Allow, {"b"})}}},
         {},
         {}});
    const auto compiled = model.compile(rules);
    ASSERT_THAT(compiled.lists, SizeIs(1));
    const auto& list = compiled.lists.front();
    ASSERT_THAT(list, SizeIs(3));
    EXPECT_EQ(list[0].set, model.find(id("a")).id);
    EXPECT_EQ(list[0].kind, POLICY_PODS);
    EXPECT_EQ(list[0].action, POLICY_DENY);
    EXPECT_EQ(list[1].set, model.find(id("c")).id);
    EXPECT_EQ(list[2].set, model.find(id("b")).id);
    EXPECT_EQ(list[2].kind, POLICY_BLOCKS);
    EXPECT_EQ(list[2].action, POLICY_ALLOW);
    EXPECT_FALSE(model.allows(compiled, kTcp, 80, ip("10.0.0.1")));
    EXPECT_TRUE(model.allows(compiled, kTcp, 80, ip("10.0.0.2")));
    EXPECT_FALSE(model.allows(compiled, kTcp, 80, ip("fd00::1")));
}

TEST(Compile, AnybodyIsNoSet) {
    RuleSet rules;
    rules.tiers.push_back({{{Protocol::Udp, 53, 53, {match(Action::Allow, {})}}}, {}, {}});
    const auto compiled = ElementModel({}).compile(rules);
    ASSERT_THAT(compiled.lists, ElementsAre(SizeIs(1)));
    EXPECT_EQ(compiled.lists[0][0].kind, POLICY_ANYBODY);
    EXPECT_EQ(compiled.lists[0][0].set, 0U);
}

TEST(Compile, ANamedPortIsAskedBeforeTheClassItIsInAndAlsoOutsideAnyClass) {
    const ElementModel model(
        {named("web", Protocol::Tcp, {{ip("10.0.0.1"), 80}, {ip("10.0.0.1"), 8080}}),
         named("dns", Protocol::Udp, {{ip("10.0.0.1"), 53}}),
         pods("a", {ip("10.0.0.1"), ip("10.0.0.2")})});
    RuleSet rules;
    rules.tiers.push_back(
        {{{Protocol::Tcp, 80, 80, {match(Action::Deny, {"a"})}}}, {}, {id("web"), id("dns")}});
    const auto compiled = model.compile(rules);
    EXPECT_TRUE(model.allows(compiled, kTcp, 80, ip("10.0.0.1")));
    EXPECT_FALSE(model.allows(compiled, kTcp, 80, ip("10.0.0.2")));
    EXPECT_TRUE(model.allows(compiled, kTcp, 8080, ip("10.0.0.1")));
    EXPECT_FALSE(model.allows(compiled, kTcp, 53, ip("10.0.0.1"))) << "it is a name of UDP";
    EXPECT_TRUE(model.allows(compiled, kUdp, 53, ip("10.0.0.1")));
    EXPECT_FALSE(model.allows(compiled, kUdp, 80, ip("10.0.0.1")));
}

TEST(Compile, AClassOfAllPortsStandsWhereTheNamesOfItsProtocolWouldAndHasThemToo) {
    const ElementModel model(
        {named("web", Protocol::Tcp, {{ip("10.0.0.1"), 80}}), pods("a", {ip("10.0.0.2")})});
    RuleSet rules;
    rules.tiers.push_back(
        {{{Protocol::Tcp, 0, 65535, {match(Action::Allow, {"a"})}}}, {}, {id("web")}});
    const auto compiled = model.compile(rules);
    EXPECT_THAT(compiled.ports, SizeIs(1));
    EXPECT_TRUE(model.allows(compiled, kTcp, 80, ip("10.0.0.1")));
    EXPECT_FALSE(model.allows(compiled, kTcp, 81, ip("10.0.0.1")));
    EXPECT_TRUE(model.allows(compiled, kTcp, 81, ip("10.0.0.2")));
}

TEST(Compile, ProtocolsWithoutPortsAreAskedAboutApart) {
    const ElementModel model({pods("a", {ip("10.0.0.1")})});
    RuleSet rules;
    rules.tiers.push_back({{}, {match(Action::Allow, {"a"})}, {}});
    const auto compiled = model.compile(rules);
    ASSERT_THAT(compiled.ports, SizeIs(1));
    EXPECT_EQ(compiled.ports[0].key.protocol, 0);
    EXPECT_TRUE(model.allows(compiled, kIcmp, 0, ip("10.0.0.1")));
    EXPECT_TRUE(model.allows(compiled, 47, 0, ip("10.0.0.1")));
    EXPECT_FALSE(model.allows(compiled, kIcmp, 0, ip("10.0.0.2")));
    EXPECT_FALSE(model.allows(compiled, kTcp, 0, ip("10.0.0.1")));
}

TEST(Compile, ThreeTiersPassOnWhatTheyDoNotDecide) {
    const ElementModel model(
        {pods("a", {ip("10.0.0.1")}), pods("b", {ip("10.0.0.2")}), pods("c", {ip("10.0.0.3")})});
    RuleSet rules;
    const auto all_ports = [](std::vector<policy::Match> matches) {
        return std::vector<policy::PortClass>{{Protocol::Tcp, 0, 65535, std::move(matches)}};
    };
    rules.tiers.push_back({all_ports({match(Action::Deny, {"a"}), match(Action::Pass, {"b"})}),
                           {},
                           {},
                           Action::Pass});
    rules.tiers.push_back({all_ports({match(Action::Allow, {"b"})}), {}, {}, Action::Pass});
    rules.tiers.push_back({all_ports({match(Action::Deny, {"c"})}), {}, {}, Action::Pass});
    const auto compiled = model.compile(rules);
    EXPECT_EQ(compiled.rules.tiers, 3U);
    EXPECT_FALSE(model.allows(compiled, kTcp, 80, ip("10.0.0.1")));
    EXPECT_TRUE(model.allows(compiled, kTcp, 80, ip("10.0.0.2")));
    EXPECT_FALSE(model.allows(compiled, kTcp, 80, ip("10.0.0.3")));
    EXPECT_TRUE(model.allows(compiled, kTcp, 80, ip("10.0.0.4"))) << "after the last tier";
}

TEST(Compile, EachTierSaysWhatHoldsOtherwise) {
    RuleSet rules;
    rules.tiers.push_back({{}, {}, {}, Action::Pass});
    rules.tiers.push_back({{}, {}, {}, Action::Allow});
    rules.tiers.push_back({{}, {}, {}, Action::Deny});
    const auto compiled = ElementModel({}).compile(rules);
    EXPECT_THAT(compiled.rules.otherwise, ElementsAre(POLICY_PASS, POLICY_ALLOW, POLICY_DENY));
    EXPECT_THAT(compiled.ports, IsEmpty());
    EXPECT_THAT(compiled.lists, IsEmpty());
}

TEST(Compile, AClassWhosePeersAreNobodyIsDecidedByWhatHoldsOtherwise) {
    RuleSet rules;
    rules.tiers.push_back({{{Protocol::Tcp, 80, 80, {}}}, {}, {}});
    const ElementModel model({});
    EXPECT_FALSE(model.allows(model.compile(rules), kTcp, 80, ip("10.0.0.1")));
}

TEST(Compile, MoreTiersThanAProgramLooksAtAreRefused) {
    RuleSet rules;
    rules.tiers.resize(POLICY_TIERS + 1);
    EXPECT_THAT(failure_of(rules, ElementModel({}), Status::Unsupported), HasSubstr("4 tiers"));
}

TEST(Compile, MoreQuestionsThanAProgramAsksAreRefusedAndAsManyAreNot) {
    constexpr auto kMost = std::size_t{POLICY_QUESTIONS} * POLICY_ELEMENTS;
    std::vector<AddressSet> sets;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < kMost; ++i) {
        names.push_back(std::to_string(i));
        sets.push_back(pods(names.back(), {}));
    }
    sets.push_back(named("one more", Protocol::Tcp, {}));
    const ElementModel model(sets);
    RuleSet rules;
    rules.tiers.push_back({{{Protocol::Tcp, 80, 80, {match(Action::Allow, names)}}}, {}, {}});
    EXPECT_THAT(model.compile(rules).lists, ElementsAre(SizeIs(kMost)));
    rules.tiers[0].named = {id("one more")};
    EXPECT_THAT(failure_of(rules, model, Status::Unsupported),
                AllOf(HasSubstr("961 questions"), HasSubstr("more than 960")));
}

TEST(Compile, ASetNobodyToldOfIsTheFindersFailure) {
    RuleSet rules;
    rules.tiers.push_back({{{Protocol::Tcp, 80, 80, {match(Action::Allow, {"a"})}}}, {}, {}});
    const auto compile_it = [&] {
        (void)compile(rules,
                      [](const SetId&) -> KnownSet { throw Error(Status::Invalid, "unheard of"); });
    };
    EXPECT_THROW(compile_it(), Error);
}

}  // namespace
}  // namespace terway::policy_bpf
