// What the programs of policy-bpf make of packets that follow one another.
#include "policy_bpf_fixture.hpp"

namespace terway::test {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint64_t kSlack = 5;  // seconds a test may take on a busy machine

const Ruling kLate = dropped(POLICY_LATE);
const Ruling kDenied = dropped(POLICY_BY_RULES);

class PolicyConnection : public PolicyPackets {
protected:
    PolicyConnection() { be_friendly(); }

    // Of the connection the pod opens to its friend.
    [[nodiscard]] PacketBuilder forth(std::string_view flags) const {
        return to(friend_).tcp(kLocal, kOpen, flags);
    }
    [[nodiscard]] PacketBuilder back(std::string_view flags) const {
        return from(friend_).tcp(kOpen, kLocal, flags);
    }
    void shake_hands() {
        ASSERT_EQ(out(forth("S")), kPassed);
        ASSERT_EQ(in(back("SA")), kPassed);
        ASSERT_EQ(out(forth("A")), kPassed);
    }
    void expect_known_for(std::uint64_t seconds) {
        age(seconds - kSlack);
        EXPECT_EQ(out(forth("A")), kPassed) << "before its time has come";
        age(seconds + 2);
        EXPECT_EQ(out(forth("A")), kLate) << "after it";
    }
};

TEST_F(PolicyConnection, TcpIsAllowedOnceAndAnsweredWhateverTheRulesSayToAnswers) {
    shake_hands();
    EXPECT_EQ(connection().flags, POLICY_ANSWERED);
    EXPECT_EQ(connection().opened, POLICY_EGRESS);
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(out(forth("PA")), kPassed);
        EXPECT_EQ(in(back("A")), kPassed);
    }
    EXPECT_THAT(connections(), SizeIs(1));
    EXPECT_EQ(counter().allowed[POLICY_EGRESS], 1U);
    EXPECT_EQ(counter().allowed[POLICY_INGRESS], 0U);
    EXPECT_EQ(in(from(friend_).tcp(kShut, kLocal, "A")), kLate) << "of another port";
    EXPECT_EQ(in(from(stranger_).tcp(kOpen, kLocal, "A")), kLate) << "of somebody else";
    EXPECT_EQ(in(from(friend_).udp(kOpen, kLocal)), kDenied) << "of another protocol";
}

TEST_F(PolicyConnection, TcpIsOpenedByAPureSynOnly) {
    for (const auto* const flags : {"", "A", "SA", "R", "RA", "F", "FA", "PA", "SR", "SRA", "U"}) {
        EXPECT_EQ(out(forth(flags)), kLate) << flags;
        EXPECT_EQ(in(from(friend_).tcp(kLocal, kOpen, flags)), kLate) << flags;
    }
    EXPECT_THAT(connections(), IsEmpty());
    EXPECT_EQ(counter().denied[POLICY_EGRESS], 0U) << "no rules were asked";
    for (const auto* const flags : {"SP", "SU", "SF"}) {
        EXPECT_EQ(out(forth(flags)), kPassed) << flags;
        forget_connections();
    }
}

TEST_F(PolicyConnection, TcpInTheMiddleMakesItselfKnownWhereEverythingIsAllowed) {
    switch_to(open(), open());
    EXPECT_EQ(out(to(stranger_).tcp(kLocal, kShut, "A")), kPassed);
    EXPECT_EQ(connection().flags, POLICY_ANSWERED);
    switch_to(open(), nothing());
    EXPECT_EQ(out(to(stranger_).tcp(kLocal + 1, kShut, "A")), kLate);
}

TEST_F(PolicyConnection, TcpThatIsOpeningIsKnownForAMinute) {
    ASSERT_EQ(out(forth("S")), kPassed);
    expect_known_for(60);
}

TEST_F(PolicyConnection, TcpThatIsOpenIsKnownForMoreThanTwoHours) {
    shake_hands();
    expect_known_for(8'000);
}

TEST_F(PolicyConnection, TcpThatOneEndHasClosedIsStillOpen) {
    shake_hands();
    ASSERT_EQ(in(back("FA")), kPassed);
    EXPECT_EQ(connection().flags, POLICY_ANSWERED | POLICY_REMOTE_DONE);
    expect_known_for(8'000);
}

TEST_F(PolicyConnection, TcpThatBothEndsHaveClosedIsKnownForTenSeconds) {
    shake_hands();
    ASSERT_EQ(out(forth("FA")), kPassed);
    ASSERT_EQ(in(back("FA")), kPassed);
    EXPECT_EQ(connection().flags, POLICY_ANSWERED | POLICY_REMOTE_DONE | POLICY_LOCAL_DONE);
    expect_known_for(10);
}

TEST_F(PolicyConnection, TcpThatWasResetIsKnownForTwoMinutes) {
    shake_hands();
    ASSERT_EQ(in(back("RA")), kPassed);
    EXPECT_EQ(connection().flags, POLICY_ANSWERED | POLICY_RESET);
    age(120 - kSlack);
    EXPECT_EQ(in(back("RA")), kPassed) << "before its time has come";
    age(122);
    EXPECT_EQ(out(forth("A")), kLate) << "after it";
}

TEST_F(PolicyConnection, TcpThatGoesOnAfterAResetWasNotReset) {
    shake_hands();
    ASSERT_EQ(in(back("R")), kPassed);
    ASSERT_EQ(out(forth("A")), kPassed);
    EXPECT_EQ(connection().flags, POLICY_ANSWERED);
    expect_known_for(8'000);
}

TEST_F(PolicyConnection, TcpThatIsOverIsAskedAboutAgain) {
    shake_hands();
    age(8'002);
    know("friends of now", {});
    auto narrower = friendly();
    narrower.id = policy::id_of<policy::RuleSetId>("narrower");
    for (auto& each : narrower.tiers[0].classes) {
        each.matches = {match(Action::Allow, {"friends of now"})};
    }
    programs_.settings().keeps = 1;
    switch_to(narrower, narrower);
    EXPECT_EQ(out(forth("S")), kDenied);
    switch_to(friendly(), friendly());
    EXPECT_EQ(out(forth("S")), kPassed);
    EXPECT_EQ(connection().flags, 0) << "a new one";
}

TEST_F(PolicyConnection, AnotherTcpConnectionOfTheSameNameIsAskedAboutOnceTheFirstIsClosing) {
    programs_.settings().keeps = 1;
    shake_hands();
    switch_to(nothing(), nothing());
    EXPECT_EQ(out(forth("S")), kPassed) << "sent once more";
    EXPECT_EQ(connection().flags, POLICY_ANSWERED);
    ASSERT_EQ(out(forth("R")), kPassed);
    EXPECT_EQ(out(forth("S")), kDenied);
    switch_to(friendly(), friendly());
    EXPECT_EQ(out(forth("S")), kPassed);
    EXPECT_EQ(connection().flags, 0);
}

TEST_F(PolicyConnection, TheOtherEndMayNotOpenWhatItOnlyAnswers) {
    shake_hands();
    EXPECT_EQ(in(back("S")), kDenied);
    EXPECT_EQ(out(forth("A")), kPassed) << "the first one goes on";
    EXPECT_EQ(connection().opened, POLICY_EGRESS);
    ASSERT_EQ(in(back("R")), kPassed);
    EXPECT_EQ(in(back("S")), kDenied);
}

TEST_F(PolicyConnection, UdpIsAnsweredByWhomAndWhereItWasSentTo) {
    for (const auto& peer : {friend_, friend6_}) {
        ASSERT_EQ(out(to(peer).udp(kLocal, kOpen)), kPassed);
        EXPECT_EQ(connection().flags, 0);
        EXPECT_EQ(in(from(peer).udp(kOpen, kLocal)), kPassed);
        EXPECT_EQ(connection().flags, POLICY_ANSWERED);
        EXPECT_EQ(in(from(peer).udp(kOpen, kLocal + 1)), kDenied);
        EXPECT_EQ(in(from(peer).udp(kShut, kLocal)), kDenied);
        forget_connections();
    }
    EXPECT_EQ(counter().denied[POLICY_INGRESS], 4U);
}

TEST_F(PolicyConnection, UdpAndSctpAreKnownForAMinuteUnansweredAndForThreeAnswered) {
    const auto play = [&](const PacketBuilder& forth, const PacketBuilder& back) {
        ASSERT_EQ(out(forth), kPassed);
        age(60 - kSlack);
        EXPECT_EQ(in(back), kPassed);
        age(180 - kSlack);
        EXPECT_EQ(in(back), kPassed);
        age(182);
        EXPECT_EQ(in(back), kDenied);
        forget_connections();
        ASSERT_EQ(out(forth), kPassed);
        age(62);
        EXPECT_EQ(in(back), kDenied);
        forget_connections();
    };
    play(to(friend_).udp(kLocal, kOpen), from(friend_).udp(kOpen, kLocal));
    play(to(friend6_).sctp(kLocal, kOpen), from(friend6_).sctp(kOpen, kLocal));
}

TEST_F(PolicyConnection, EachPacketMakesItYounger) {
    ASSERT_EQ(out(to(friend_).udp(kLocal, kOpen)), kPassed);
    const auto first = connection().seen;
    age(50);
    ASSERT_EQ(out(to(friend_).udp(kLocal, kOpen)), kPassed);
    EXPECT_GE(connection().seen, first);
    age(50);
    EXPECT_EQ(out(to(friend_).udp(kLocal, kOpen)), kPassed);
}

TEST_F(PolicyConnection, AnEchoIsAnsweredOnceAskedForAndByItsNumber) {
    for (const auto& peer : {friend_, friend6_}) {
        for (const auto id :
             std::initializer_list<std::uint16_t>{0, 1, 7, 0x7fff, 0x8000, 0xffff}) {
            SCOPED_TRACE(id);
            EXPECT_EQ(in(from(peer).echo_reply(id)), kLate);
            ASSERT_EQ(out(to(peer).echo(id)), kPassed);
            EXPECT_EQ(in(from(peer).echo_reply(id)), kPassed);
            EXPECT_EQ(connection().flags, POLICY_ANSWERED);
            EXPECT_EQ(in(from(peer).echo_reply(static_cast<std::uint16_t>(id ^ 0x8000U))), kLate);
            EXPECT_EQ(in(from(peer).echo_reply(static_cast<std::uint16_t>(~id))), kLate);
            forget_connections();
        }
    }
}

TEST_F(PolicyConnection, WhoAnswersAnEchoMayNotAskWithItsNumber) {
    switch_to(nothing(), friendly());
    for (const auto& peer : {friend_, friend6_}) {
        for (const auto id :
             std::initializer_list<std::uint16_t>{0, 1, 7, 0x7fff, 0x8000, 0xffff}) {
            SCOPED_TRACE(id);
            ASSERT_EQ(out(to(peer).echo(id)), kPassed);
            ASSERT_EQ(in(from(peer).echo_reply(id)), kPassed);
            EXPECT_EQ(in(from(peer).echo(id)), kDenied);
            EXPECT_EQ(in(from(peer).echo(static_cast<std::uint16_t>(id ^ 0x8000U))), kDenied);
            EXPECT_EQ(in(from(peer).echo(static_cast<std::uint16_t>(~id))), kDenied);
            EXPECT_EQ(in(from(peer).echo_reply(id)), kPassed);
            forget_connections();
        }
    }
}

TEST_F(PolicyConnection, EchoesBothWaysWithOneNumberAreTwo) {
    ASSERT_EQ(out(to(friend_).echo(7)), kPassed);
    ASSERT_EQ(in(from(friend_).echo(7)), kPassed);
    EXPECT_THAT(connections(), SizeIs(2));
    EXPECT_EQ(in(from(friend_).echo_reply(7)), kPassed);
    EXPECT_EQ(out(to(friend_).echo_reply(7)), kPassed);
    EXPECT_THAT(connections(), SizeIs(2));
    EXPECT_EQ(counter().allowed[POLICY_EGRESS], 1U);
    EXPECT_EQ(counter().allowed[POLICY_INGRESS], 1U);
}

}  // namespace
}  // namespace terway::test
