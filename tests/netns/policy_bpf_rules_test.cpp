// What the programs of policy-bpf make of rules, and of rules that change.
#include "policy_bpf_fixture.hpp"

namespace terway::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const Ruling kLate = dropped(POLICY_LATE);
const Ruling kDenied = dropped(POLICY_BY_RULES);
constexpr auto kForever = UINT64_MAX;

class PolicyRules : public PolicyPackets {
protected:
    static policy::Tier tier(std::vector<policy::PortClass> classes,
                             Action otherwise = Action::Deny) {
        policy::Tier made;
        made.classes = std::move(classes);
        made.otherwise = otherwise;
        return made;
    }
    static policy::PortClass tcp(std::uint16_t first, std::uint16_t last,
                                 std::vector<policy::Match> matches = {match(Action::Allow)}) {
        return {Protocol::Tcp, first, last, std::move(matches)};
    }
    void block(const std::string& name, std::vector<policy::AddressRange> ranges) {
        policy::SetChange change;
        change.id = set_id(name);
        change.kind = policy::SetKind::Blocks;
        change.is_new = true;
        change.added.ranges = std::move(ranges);
        add(std::move(change));
    }
    [[nodiscard]] Ruling syn(const IpAddress& peer, std::uint16_t port) const {
        const auto ruling = out(to(peer).tcp(kLocal, port, "S"));
        forget_connections();
        return ruling;
    }
};

TEST_F(PolicyRules, ARangeOfPortsHasItsEndsAndNothingBeyond) {
    switch_to(nothing(), rules("range", tier({tcp(8'000, 9'001)})));
    for (const auto port :
         std::initializer_list<std::uint16_t>{8'000, 8'001, 8'191, 8'192, 8'999, 9'000, 9'001}) {
        EXPECT_EQ(syn(friend_, port), kPassed) << port;
    }
    for (const auto port :
         std::initializer_list<std::uint16_t>{0, 80, 7'999, 9'002, 32'768, 65'535}) {
        EXPECT_EQ(syn(friend_, port), kDenied) << port;
    }
}

TEST_F(PolicyRules, ANamedPortIsThatOfItsPod) {
    policy::SetChange change;
    change.id = set_id("web");
    change.kind = policy::SetKind::Named;
    change.is_new = true;
    change.added.ports = {{friend_, 8'080}, {friend6_, 9'090}};
    add(change);
    auto named = tier({tcp(9'090, 9'090, {match(Action::Deny)})});
    named.named = {set_id("web")};
    switch_to(nothing(), rules("named", named));
    EXPECT_EQ(syn(friend_, 8'080), kPassed);
    EXPECT_EQ(syn(friend6_, 8'080), kDenied);
    EXPECT_EQ(syn(friend_, 9'090), kDenied);
    EXPECT_EQ(syn(friend6_, 9'090), kPassed) << "a name is asked first";
    EXPECT_EQ(syn(stranger_, 8'080), kDenied);
}

TEST_F(PolicyRules, ATierPassesOnToTheNext) {
    know("enemies", {stranger_});
    know("known", {friend_, stranger_});
    policy::RuleSet all;
    all.id = policy::id_of<policy::RuleSetId>("all");
    all.tiers.push_back(
        tier({tcp(0, 65'535, {match(Action::Deny, {"enemies"}), match(Action::Pass, {"known"})}),
              {Protocol::Udp, 53, 53, {match(Action::Allow)}}},
             Action::Pass));
    all.tiers.push_back(tier({tcp(80, 80, {match(Action::Allow, {"known"})}),
                              tcp(81, 81, {match(Action::Pass, {"known"})})}));
    all.tiers.push_back(tier({tcp(81, 81, {match(Action::Deny, {"known"})})}, Action::Pass));
    switch_to(nothing(), all);
    EXPECT_EQ(syn(stranger_, 80), kDenied) << "by the first tier";
    EXPECT_EQ(syn(friend_, 80), kPassed) << "by the second";
    EXPECT_EQ(syn(friend_, 81), kDenied) << "by the third";
    EXPECT_EQ(syn(friend_, 82), kDenied) << "by what holds otherwise in the second";
    EXPECT_EQ(out(to(stranger_).udp(kLocal, 53)), kPassed) << "by the first";
    auto& second = all.tiers[1];
    second.otherwise = Action::Pass;
    all.id = policy::id_of<policy::RuleSetId>("all pass");
    switch_to(nothing(), all);
    EXPECT_EQ(syn(friend_, 82), kPassed) << "by nobody";
    EXPECT_EQ(syn(stranger_, 82), kDenied);
}

TEST_F(PolicyRules, ABlockHasHolesAndNoAddressesOfTheOtherFamily) {
    block("holes", policy::ranges_of({{Prefix::parse("203.0.113.0/24").value(),
                                       {Prefix::parse("203.0.113.8/30").value()}}}));
    block("all of v6", policy::ranges_of({{Prefix::parse("::/0").value(),
                                           {Prefix::parse("fd00:8::/32").value()}}}));
    switch_to(nothing(),
              rules("blocks", tier({tcp(80, 80, {match(Action::Allow, {"holes"})}),
                                    tcp(81, 81, {match(Action::Allow, {"all of v6"})})})));
    EXPECT_EQ(syn(ip("203.0.113.7"), 80), kPassed);
    EXPECT_EQ(syn(ip("203.0.113.8"), 80), kDenied);
    EXPECT_EQ(syn(ip("203.0.113.11"), 80), kDenied);
    EXPECT_EQ(syn(ip("203.0.113.12"), 80), kPassed);
    EXPECT_EQ(syn(ip("203.0.112.255"), 80), kDenied);
    EXPECT_EQ(syn(friend6_, 81), kPassed);
    EXPECT_EQ(syn(stranger6_, 81), kDenied);
    EXPECT_EQ(syn(friend_, 81), kDenied);
    EXPECT_EQ(syn(friend6_, 80), kDenied);
}

TEST_F(PolicyRules, AListIsAsLongAsItMustBe) {
    constexpr unsigned kMost = POLICY_QUESTIONS * POLICY_ELEMENTS;
    std::vector<std::string> names;
    for (unsigned i = 0; i < kMost; ++i) {
        names.push_back("set " + std::to_string(i));
        know(names.back(), i + 1 < kMost ? std::vector<IpAddress>{} : std::vector{friend_});
    }
    for (const unsigned count : {1U, 14U, 15U, 16U, 30U, 31U, 46U, kMost}) {
        std::vector<std::string> asked(names.end() - count, names.end());
        switch_to(nothing(), rules("long " + std::to_string(count),
                                   tier({tcp(80, 80, {match(Action::Allow, asked)})})));
        EXPECT_EQ(syn(friend_, 80), kPassed) << count;
        EXPECT_EQ(syn(stranger_, 80), kDenied) << count;
        asked.assign(names.end() - count, names.end() - 1);
        asked.push_back("set 0");
        switch_to(nothing(),
                  rules("other " + std::to_string(count),
                        tier({tcp(80, 80, {match(Action::Allow, asked)})}, Action::Pass)));
        EXPECT_EQ(syn(friend_, 80), kPassed) << "otherwise, after " << count;
        programs_.store().keep({});
        policy_bpf::dispose(programs_.state(), programs_.store().take_waste(false));
    }
}

TEST_F(PolicyRules, WhatTheMapsHaveLostIsDenied) {
    be_friendly();
    const auto id = static_cast<std::uint32_t>(pod().rules);
    EXPECT_EQ(syn(friend_, kOpen), kPassed);
    for (const auto& list : programs_.state().lists().keys([](auto) { return true; })) {
        programs_.state().lists().remove(list);
    }
    EXPECT_EQ(syn(friend_, kOpen), kDenied) << "without lists";
    programs_.state().rules().remove(id);
    EXPECT_EQ(syn(friend_, kOpen), kDenied) << "without rules";
}

TEST_F(PolicyRules, AnOpenConnectionThatBecomesForbiddenIsCutAndMayGoOnWhenItIsAllowedAgain) {
    be_friendly();
    const auto forth = to(friend_).tcp(kLocal, kOpen, "A");
    const auto back = from(friend_).tcp(kOpen, kLocal, "A");
    ASSERT_EQ(out(to(friend_).tcp(kLocal, kOpen, "S")), kPassed);
    ASSERT_EQ(in(from(friend_).tcp(kOpen, kLocal, "SA")), kPassed);
    switch_to(nothing(), friendly());
    EXPECT_EQ(out(forth), kPassed) << "of rules for what it did not open";
    EXPECT_EQ(in(back), kPassed);
    switch_to(friendly(), nothing());
    EXPECT_EQ(in(back), kDenied) << "an answer is the first to be asked about";
    EXPECT_EQ(out(forth), kDenied);
    EXPECT_EQ(connection().flags, POLICY_ANSWERED | POLICY_CUT);
    EXPECT_EQ(out(to(friend_).tcp(kLocal, kOpen, "S")), kDenied);
    switch_to(friendly(), friendly());
    EXPECT_EQ(out(forth), kPassed);
    EXPECT_EQ(in(back), kPassed);
    EXPECT_EQ(connection().flags, POLICY_ANSWERED);
}

TEST_F(PolicyRules, AMemberLessIsAskedAboutWhenTheEpochSaysSo) {
    be_friendly();
    const auto packet = to(friend_).udp(kLocal, kOpen);
    ASSERT_EQ(out(packet), kPassed);
    policy::SetChange less;
    less.id = set_id("friends");
    less.removed.addresses = {friend_};
    programs_.store().remove(std::vector{less});
    EXPECT_EQ(out(to(friend_).udp(kLocal + 1, kOpen)), kDenied) << "a new one";
    EXPECT_EQ(out(packet), kPassed) << "nothing told it";
    ++pod().epoch;
    EXPECT_EQ(out(packet), kDenied);
    EXPECT_EQ(out(to(friend6_).udp(kLocal, kOpen)), kPassed);
}

TEST_F(PolicyRules, TheAnswerOfACutConnectionIsNoConnectionOfItsOwn) {
    be_friendly();
    const auto forth = to(friend_).udp(kLocal, kOpen);
    const auto back = from(friend_).udp(kOpen, kLocal);
    ASSERT_EQ(out(forth), kPassed);
    ASSERT_EQ(in(back), kPassed);
    switch_to(open(), nothing());
    EXPECT_EQ(in(back), kDenied) << "though rules would let it open one";
    EXPECT_EQ(in(back), kDenied);
    EXPECT_EQ(out(forth), kDenied);
    age(6);
    EXPECT_EQ(in(back), kPassed) << "nobody expects an answer any more";
    EXPECT_EQ(connection().opened, POLICY_INGRESS);
    EXPECT_EQ(out(forth), kPassed) << "now that is the answer";
}

TEST_F(PolicyRules, AClosedEndpointCutsEverything) {
    be_friendly();
    ASSERT_EQ(out(to(friend_).udp(kLocal, kOpen)), kPassed);
    ASSERT_EQ(in(from(friend_).tcp(kLocal, kOpen, "S")), kPassed);
    pod().rules = POLICY_CLOSED;
    EXPECT_EQ(out(to(friend_).udp(kLocal, kOpen)), kDenied);
    EXPECT_EQ(out(to(friend_).tcp(kOpen, kLocal, "SA")), kDenied);
}

TEST_F(PolicyRules, OpenConnectionsGoOnWhereThatIsTheNodesWish) {
    programs_.settings().keeps = 1;
    be_friendly();
    const auto packet = to(friend_).udp(kLocal, kOpen);
    ASSERT_EQ(out(packet), kPassed);
    switch_to(nothing(), nothing());
    ++pod().epoch;
    EXPECT_EQ(out(packet), kPassed);
    EXPECT_EQ(in(from(friend_).udp(kOpen, kLocal)), kPassed);
    EXPECT_EQ(out(to(friend_).udp(kLocal + 1, kOpen)), kDenied) << "a new one";
}

TEST_F(PolicyRules, WhileItLearnsConnectionsOfBeforeAreMadeKnownIfTheRulesAllowThem) {
    be_friendly();
    pod().learns_until = kForever;
    EXPECT_EQ(out(to(friend_).tcp(kLocal, kOpen, "A")), kPassed);
    EXPECT_EQ(connection().opened, POLICY_EGRESS);
    EXPECT_EQ(connection().flags, POLICY_ANSWERED);
    forget_connections();
    EXPECT_EQ(in(from(friend_).tcp(kOpen, kLocal, "A")), kPassed)
        << "the other end is the first to speak";
    EXPECT_EQ(connection().opened, POLICY_EGRESS);
    forget_connections();
    EXPECT_EQ(out(to(friend_).tcp(kOpen, kLocal, "A")), kPassed) << "it was opened to the pod";
    EXPECT_EQ(connection().opened, POLICY_INGRESS);
    forget_connections();
    EXPECT_EQ(in(from(friend_).echo_reply(7)), kPassed);
    EXPECT_EQ(connection().opened, POLICY_EGRESS);
    forget_connections();
    EXPECT_EQ(out(to(friend_).tcp(kLocal, kShut, "A")), kDenied);
    EXPECT_EQ(in(from(stranger_).tcp(kOpen, kLocal, "A")), kDenied);
    EXPECT_EQ(in(from(stranger_).echo_reply(7)), kDenied);
    EXPECT_THAT(connections(), IsEmpty());
    pod().learns_until = 1;
    EXPECT_EQ(out(to(friend_).tcp(kLocal, kOpen, "A")), kLate);
    EXPECT_EQ(in(from(friend_).echo_reply(7)), kLate);
}

TEST_F(PolicyRules, WhileItLearnsAClosedEndpointStaysClosed) {
    pod().learns_until = kForever;
    pod().rules = POLICY_CLOSED;
    EXPECT_EQ(out(to(friend_).tcp(kLocal, kOpen, "A")), kDenied);
    EXPECT_EQ(in(from(friend_).tcp(kOpen, kLocal, "SA")), kDenied);
}

TEST_F(PolicyRules, ThePodsNodeIsKnownByItsAddressInsideThePod) {
    switch_to(nothing(), nothing());
    for (const auto& [node, other] : {std::pair{node_, stranger_}, {node6_, stranger6_}}) {
        EXPECT_EQ(in(from(node).tcp(kLocal, kShut, "S")), kPassed);
        EXPECT_EQ(connection().flags, POLICY_ALWAYS);
        EXPECT_EQ(out(to(node).tcp(kShut, kLocal, "SA")), kPassed);
        ++pod().epoch;
        EXPECT_EQ(in(from(node).tcp(kLocal, kShut, "A")), kPassed) << "whatever the rules become";
        forget_connections();
        EXPECT_EQ(in(from(other).tcp(kLocal, kShut, "S")), kDenied);
        pod().flags = POLICY_IN_USE | POLICY_HAS_SIDE;
        EXPECT_EQ(in(from(node).tcp(kLocal, kShut, "S")), kDenied) << "it comes by another link";
        pod().flags = POLICY_IN_USE;
    }
}

TEST_F(PolicyRules, ThePodsNodeIsKnownByItsSocketsOnTheHost) {
    switch_to(nothing(), nothing());
    const auto packet = from(stranger_).tcp(kLocal, kShut, "S").frame();
    EXPECT_EQ(programs_.run(Way::Ingress, pod_, packet, Side::Host), kPassed)
        << "whatever the address";
    EXPECT_EQ(connection().flags, POLICY_ALWAYS);
    const auto away = to(stranger_).tcp(kLocal, kShut, "S").frame();
    EXPECT_EQ(programs_.run(Way::Egress, pod_, away, Side::Host), kDenied);
}

TEST_F(PolicyRules, ThePodReachesItsNodeAsTheProfileSays) {
    switch_to(nothing(), nothing());
    programs_.settings().pod_to_node = 0;
    EXPECT_EQ(syn(node_, kShut), kDenied);
    programs_.settings().pod_to_node = 1;
    EXPECT_EQ(syn(node_, kShut), kPassed);
    EXPECT_EQ(syn(node6_, kShut), kPassed);
    EXPECT_EQ(syn(stranger_, kShut), kDenied);
}

TEST_F(PolicyRules, ThePodReachesItselfAndWhoSaysToBeThePodDoesNot) {
    switch_to(nothing(), nothing());
    EXPECT_EQ(syn(me_, kShut), kPassed);
    EXPECT_EQ(syn(me6_, kShut), kPassed);
    EXPECT_EQ(in(from(me_).udp(kLocal, kShut)), kDenied);
    EXPECT_EQ(in(from(me6_).udp(kLocal, kShut)), kDenied);
}

TEST_F(PolicyRules, VerdictsAreToldWhileSomebodyListensAndOnlyThen) {
    be_friendly();
    const auto play = [&] {
        (void)out(to(friend_).tcp(kLocal, kOpen, "S"));
        (void)in(from(friend_).tcp(kOpen, kLocal, "SA"));
        (void)in(from(stranger6_).udp(kLocal, kShut));
        (void)out(to(friend_).tcp(kLocal, kShut, "A"));
        (void)out(to(stranger_).echo(7));
        (void)out(to(friend_).tcp(kLocal, kOpen, "S").frame_of(20));
    };
    play();
    EXPECT_THAT(programs_.verdicts(), IsEmpty());
    forget_connections();
    programs_.settings().listeners = 1;
    play();
    programs_.settings().listeners = 0;
    play();
    const auto told = programs_.verdicts();
    ASSERT_THAT(told, SizeIs(4));
    const auto expect = [&](std::size_t at, const IpAddress& source, std::uint16_t source_port,
                            const IpAddress& destination, std::uint16_t destination_port,
                            int protocol, Way way, bool allowed, unsigned reason) {
        SCOPED_TRACE(at);
        const auto& verdict = told[at];
        EXPECT_EQ(policy_bpf::ip_of(verdict.source), source);
        EXPECT_EQ(policy_bpf::ip_of(verdict.destination), destination);
        EXPECT_EQ(verdict.source_port, source_port);
        EXPECT_EQ(verdict.destination_port, destination_port);
        EXPECT_EQ(verdict.protocol, protocol);
        EXPECT_EQ(verdict.direction, static_cast<int>(way));
        EXPECT_EQ(verdict.allowed, allowed ? 1 : 0);
        EXPECT_EQ(verdict.reason, reason);
        EXPECT_EQ(verdict.endpoint, pod().serial);
        EXPECT_NE(verdict.time, 0U);
        EXPECT_EQ(verdict.reserved, 0U);
    };
    expect(0, me_, kLocal, friend_, kOpen, 6, Way::Egress, true, 0);
    expect(1, stranger6_, kLocal, me6_, kShut, 17, Way::Ingress, false, POLICY_BY_RULES);
    expect(2, me_, 0, stranger_, 0, 1, Way::Egress, false, POLICY_BY_RULES);
    expect(3, me_, 0, friend_, 0, 6, Way::Egress, false, POLICY_MALFORMED);
}

}  // namespace
}  // namespace terway::test
