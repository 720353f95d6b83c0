// ICMP errors and fragments: packets that belong to others.
#include "policy_bpf_fixture.hpp"

namespace terway::test {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

const Ruling kDenied = dropped(POLICY_BY_RULES);
const Ruling kLost = dropped(POLICY_LOST_FRAGMENT);

class PolicyRelated : public PolicyPackets {
protected:
    PolicyRelated() { be_friendly(); }

    // Those a router on the way may send.
    static std::vector<std::uint8_t> errors(const IpAddress& peer) {
        return peer.is_v4() ? std::vector<std::uint8_t>{3, 4, 5, 11, 12}
                            : std::vector<std::uint8_t>{1, 2, 3, 4, 100, 127};
    }
    const IpAddress& router(const IpAddress& peer) const {
        return peer.is_v4() ? stranger_ : stranger6_;
    }
    // From the router, about a packet of the pod's; the other way round.
    [[nodiscard]] Ruling told(std::uint8_t type, const PacketBuilder& about) const {
        return in(from(router(about_family(about))).error(type, about));
    }
    const IpAddress& about_family(const PacketBuilder& about) const {
        return about.packet().at(0) >> 4U == 4 ? friend_ : friend6_;
    }
};

TEST_F(PolicyRelated, AnErrorAboutAConnectionReachesItsSenderWhoeverTells) {
    for (const auto& peer : {friend_, friend6_}) {
        const std::vector<PacketBuilder> packets{
            to(peer).udp(kLocal, kOpen), to(peer).sctp(kLocal, kOpen),
            to(peer).tcp(kLocal, kOpen, "S"), to(peer).echo(7), to(peer).other(47)};
        for (const auto& packet : packets) {
            ASSERT_EQ(out(packet), kPassed);
            for (const auto type : errors(peer)) {
                EXPECT_EQ(told(type, packet), kPassed) << int{type};
            }
            EXPECT_THAT(connections(), SizeIs(1)) << "errors open nothing";
            EXPECT_EQ(connection().flags, 0) << "and answer nothing";
            forget_connections();
            for (const auto type : errors(peer)) {
                EXPECT_EQ(told(type, packet), kDenied) << int{type};
            }
        }
    }
}

TEST_F(PolicyRelated, AnErrorThePodTellsAboutAConnectionToItPassesToItsSenderAlone) {
    policy::RuleSet open;
    open.id = policy::id_of<policy::RuleSetId>("open");
    switch_to(open, nothing());
    for (const auto& peer : {stranger_, stranger6_}) {
        const auto& other = peer.is_v4() ? friend_ : friend6_;
        const auto packet = from(peer).udp(kLocal, kOpen);
        EXPECT_EQ(out(to(peer).error(errors(peer)[0], packet)), kDenied);
        ASSERT_EQ(in(packet), kPassed);
        for (const auto type : errors(peer)) {
            EXPECT_EQ(out(to(peer).error(type, packet)), kPassed) << int{type};
            EXPECT_EQ(out(to(other).error(type, packet)), kDenied) << int{type};
            EXPECT_EQ(out(to(peer).error(type, PacketBuilder(peer, other).udp(kLocal, kOpen))),
                      kDenied)
                << "about what went to somebody else";
        }
        forget_connections();
    }
}

TEST_F(PolicyRelated, AnErrorAboutAnAnswerIsRelatedToo) {
    ASSERT_EQ(in(from(friend_).udp(kLocal, kOpen)), kPassed);
    EXPECT_EQ(told(3, to(friend_).udp(kOpen, kLocal)), kPassed);
    ASSERT_EQ(in(from(friend_).echo(7)), kPassed);
    EXPECT_EQ(told(11, to(friend_).echo_reply(7)), kPassed);
}

TEST_F(PolicyRelated, AnErrorAboutWhatWasNeverSentIsNone) {
    ASSERT_EQ(out(to(friend_).udp(kLocal, kOpen)), kPassed);
    EXPECT_EQ(told(3, to(friend_).udp(kLocal, kShut)), kDenied);
    EXPECT_EQ(told(3, to(friend_).udp(kLocal + 1, kOpen)), kDenied);
    EXPECT_EQ(told(3, to(friend_).tcp(kLocal, kOpen, "S")), kDenied);
    EXPECT_EQ(told(3, from(friend_).udp(kLocal, kOpen)), kDenied) << "the other way";
    EXPECT_EQ(told(3, to(friend_).fragment(1, 100, false).udp(kLocal, kOpen)), kDenied)
        << "a later fragment has no ports";
    EXPECT_EQ(in(from(stranger_).error(3, to(friend_).udp(kLocal, kOpen), 3)), kDenied)
        << "half of the ports";
    EXPECT_EQ(in(from(stranger_).icmp(3)), kDenied) << "about nothing";
    EXPECT_EQ(in(from(stranger_).icmp(13)), kDenied) << "no error";
    EXPECT_EQ(in(from(stranger6_).icmp(128)), kDenied);
}

TEST_F(PolicyRelated, AnErrorOfAFriendNeedsNoConnectionWhereTheRulesAllowIt) {
    EXPECT_EQ(in(from(friend_).error(3, to(friend_).udp(kLocal, kOpen))), kPassed);
    EXPECT_THAT(connections(), IsEmpty());
}

TEST_F(PolicyRelated, AnErrorAboutPacketsWithOptionsAndExtensionsIsRelated) {
    ASSERT_EQ(out(to(friend_).udp(kLocal, kOpen)), kPassed);
    EXPECT_EQ(told(3, to(friend_).options(4).udp(kLocal, kOpen)), kPassed);
    ASSERT_EQ(out(to(friend6_).udp(kLocal, kOpen)), kPassed);
    EXPECT_EQ(told(1, to(friend6_).extension(60, 1).extension(43).udp(kLocal, kOpen)), kPassed);
}

TEST_F(PolicyRelated, AnErrorAboutWhatIsOverOrCutIsNone) {
    const auto packet = to(friend_).udp(kLocal, kOpen);
    ASSERT_EQ(out(packet), kPassed);
    age(62);
    EXPECT_EQ(told(3, packet), kDenied);
    ASSERT_EQ(out(packet), kPassed);
    switch_to(friendly(), nothing());
    ASSERT_EQ(out(packet), kDenied);
    EXPECT_EQ(told(3, packet), kDenied);
}

TEST_F(PolicyRelated, LaterFragmentsGoWhereTheFirstOneGoes) {
    for (const auto& peer : {friend_, friend6_}) {
        ASSERT_EQ(out(to(peer).fragment(1, 0, true).udp(kLocal, kOpen)), kPassed);
        EXPECT_EQ(out(to(peer).fragment(1, 2, true).other(17)), kPassed);
        EXPECT_EQ(out(to(peer).fragment(1, 4, false).other(17)), kPassed);
        EXPECT_EQ(out(to(peer).fragment(1, 2, true).other(17)), kPassed) << "once more";
        EXPECT_THAT(connections(), SizeIs(1));
        EXPECT_EQ(in(from(peer).fragment(1, 0, true).udp(kOpen, kLocal)), kPassed) << "answers";
        EXPECT_EQ(in(from(peer).fragment(1, 2, false).other(17)), kPassed);
        EXPECT_THAT(connections(), SizeIs(1));
        forget_connections();
    }
}

TEST_F(PolicyRelated, AFragmentBeforeTheFirstOneIsDropped) {
    for (const auto& peer : {friend_, friend6_}) {
        EXPECT_EQ(out(to(peer).fragment(2, 2, false).other(17)), kLost);
        ASSERT_EQ(out(to(peer).fragment(2, 0, true).udp(kLocal, kOpen)), kPassed);
        EXPECT_EQ(out(to(peer).fragment(2, 2, false).other(17)), kPassed);
        forget_connections();
    }
}

TEST_F(PolicyRelated, FragmentsOfOtherDatagramsAreDropped) {
    for (const auto& [peer, other] : {std::pair{friend_, stranger_}, {friend6_, stranger6_}}) {
        ASSERT_EQ(out(to(peer).fragment(3, 0, true).udp(kLocal, kOpen)), kPassed);
        EXPECT_EQ(out(to(peer).fragment(4, 2, false).other(17)), kLost) << "number";
        EXPECT_EQ(out(to(other).fragment(3, 2, false).other(17)), kLost) << "peer";
        EXPECT_EQ(out(to(peer).fragment(3, 2, false).other(6)), kLost) << "protocol";
        EXPECT_EQ(in(from(peer).fragment(3, 2, false).other(17)), kLost) << "direction";
    }
}

TEST_F(PolicyRelated, FragmentsOfADeniedDatagramAreDenied) {
    for (const auto& peer : {friend_, friend6_}) {
        EXPECT_EQ(out(to(peer).fragment(5, 0, true).udp(kLocal, kShut)), kDenied);
        EXPECT_EQ(out(to(peer).fragment(5, 2, false).other(17)), kDenied);
    }
}

TEST_F(PolicyRelated, AFragmentedEchoIsOneOfItsNumber) {
    ASSERT_EQ(out(to(friend_).fragment(6, 0, true).echo(7)), kPassed);
    EXPECT_EQ(out(to(friend_).fragment(6, 2, false).other(1)), kPassed);
    EXPECT_EQ(in(from(friend_).fragment(9, 0, true).echo_reply(7)), kPassed);
    EXPECT_EQ(in(from(friend_).fragment(9, 2, false).other(1)), kPassed);
    EXPECT_THAT(connections(), SizeIs(1));
}

TEST_F(PolicyRelated, ADatagramInOneFragmentIsWhole) {
    EXPECT_EQ(out(to(friend6_).fragment(7, 0, false).udp(kLocal, kOpen)), kPassed);
    EXPECT_EQ(out(to(friend6_).fragment(7, 2, false).other(17)), kLost);
}

TEST_F(PolicyRelated, FragmentsBehindOtherHeadersAreFollowed) {
    ASSERT_EQ(out(to(friend6_).extension(0).fragment(8, 0, true).udp(kLocal, kOpen)), kPassed);
    EXPECT_EQ(out(to(friend6_).extension(0).fragment(8, 2, false).other(17)), kPassed);
}

}  // namespace
}  // namespace terway::test
