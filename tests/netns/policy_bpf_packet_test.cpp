// What the programs of policy-bpf make of a single packet.
#include <net/ethernet.h>

#include <functional>

#include "policy_bpf_fixture.hpp"

namespace terway::test {
namespace {

using testing::IsEmpty;

constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kGre = 47;
constexpr std::uint8_t kEsp = 50;
constexpr std::uint8_t kIcmp6 = 58;
constexpr unsigned kExtensions = 5;  // that are looked at

class PolicyPacket : public PolicyPackets {
protected:
    PolicyPacket() { be_friendly(); }

    struct Row {
        std::string what;
        Way way;
        Bytes frame;
        Ruling expected;
        bool is_known = false;  // then there is a connection
    };
    // Each for itself.
    void play(const std::vector<Row>& rows) {
        for (const auto& row : rows) {
            SCOPED_TRACE(row.what);
            const auto before = counter();
            EXPECT_EQ(programs_.run(row.way, pod_, row.frame), row.expected);
            const auto after = counter();
            const auto way = static_cast<unsigned>(row.way);
            const bool is_told = !row.expected.passed && row.expected.reason != POLICY_LATE &&
                                 row.expected.reason != POLICY_NOT_IP;
            EXPECT_EQ(after.allowed[way] - before.allowed[way], row.is_known ? 1U : 0U);
            EXPECT_EQ(after.denied[way] - before.denied[way], is_told ? 1U : 0U);
            EXPECT_EQ(after.allowed[1 - way], before.allowed[1 - way]);
            EXPECT_EQ(after.denied[1 - way], before.denied[1 - way]);
            const auto all = connections();
            ASSERT_EQ(all.size(), row.is_known ? 1U : 0U);
            if (row.is_known) {
                EXPECT_EQ(all[0].endpoint, pod().serial);
                EXPECT_EQ(connection().opened, way);
                EXPECT_EQ(connection().flags, 0);
                EXPECT_EQ(connection().epoch, pod().epoch);
            }
            forget_connections();
        }
    }
    // Both ways with a peer; `ported` fills in the destination's port.
    void add_both(std::vector<Row>& rows, const std::string& what, const IpAddress& peer,
                  const std::function<void(PacketBuilder&)>& fill, const Ruling& expected) const {
        auto there = to(peer);
        auto here = from(peer);
        fill(there);
        fill(here);
        rows.push_back(
            {what + " to " + peer.text(), Way::Egress, there.frame(), expected, expected.passed});
        rows.push_back(
            {what + " from " + peer.text(), Way::Ingress, here.frame(), expected, expected.passed});
    }
};

TEST_F(PolicyPacket, OpensWhatTheRulesAllowByProtocolPeerAndPortInEachDirection) {
    std::vector<Row> rows;
    const auto denied = dropped(POLICY_BY_RULES);
    for (const auto& [friendly, strange] :
         {std::pair{friend_, stranger_}, {friend6_, stranger6_}}) {
        for (const auto port : {kOpen, kShut}) {
            const auto text = " port " + std::to_string(port);
            const auto& with_friend = port == kOpen ? kPassed : denied;
            const auto tcp = [&](PacketBuilder& to) { to.tcp(kLocal, port, "S"); };
            const auto udp = [&](PacketBuilder& to) { to.udp(kLocal, port); };
            const auto sctp = [&](PacketBuilder& to) { to.sctp(kLocal, port); };
            add_both(rows, "TCP" + text, friendly, tcp, with_friend);
            add_both(rows, "UDP" + text, friendly, udp, with_friend);
            add_both(rows, "SCTP" + text, friendly, sctp, with_friend);
            add_both(rows, "TCP" + text, strange, tcp, denied);
            add_both(rows, "UDP" + text, strange, udp, denied);
            add_both(rows, "SCTP" + text, strange, sctp, denied);
        }
        const auto echo = [](PacketBuilder& to) { to.echo(7); };
        add_both(rows, "echo", friendly, echo, kPassed);
        add_both(rows, "echo", strange, echo, denied);
        for (const auto protocol : {kGre, kEsp}) {
            const auto other = [&](PacketBuilder& to) { to.other(protocol); };
            add_both(rows, "protocol " + std::to_string(protocol), friendly, other, kPassed);
            add_both(rows, "protocol " + std::to_string(protocol), strange, other, denied);
        }
    }
    play(rows);
}

TEST_F(PolicyPacket, OpensNothingWithoutRulesAndEverythingWithOpenOnes) {
    const std::vector<PacketBuilder> packets{
        to(stranger_).tcp(kLocal, kShut, "S"), to(stranger_).udp(kLocal, kShut),
        to(stranger_).echo(7), to(stranger6_).tcp(kLocal, kShut, "S"), to(stranger6_).other(kGre)};
    pod().rules = POLICY_CLOSED;
    for (const auto& packet : packets) {
        EXPECT_EQ(out(packet), dropped(POLICY_BY_RULES));
    }
    EXPECT_THAT(connections(), IsEmpty());
    switch_to(nothing(), open());
    for (const auto& packet : packets) {
        EXPECT_EQ(out(packet), kPassed);
    }
    EXPECT_EQ(in(from(friend_).tcp(kLocal, kOpen, "S")), dropped(POLICY_BY_RULES));
}

TEST_F(PolicyPacket, MayHaveIpOptions) {
    play(
        {{"one word", Way::Egress, to(friend_).options(1).tcp(kLocal, kOpen, "S").frame(), kPassed,
          true},
         {"ten", Way::Ingress, from(friend_).options(10).udp(kLocal, kOpen).frame(), kPassed, true},
         {"to a shut port", Way::Ingress, from(friend_).options(10).udp(kLocal, kShut).frame(),
          dropped(POLICY_BY_RULES)},
         {"from a stranger", Way::Ingress, from(stranger_).options(3).echo(7).frame(),
          dropped(POLICY_BY_RULES)}});
}

TEST_F(PolicyPacket, MayHaveExtensionHeadersButNotMoreThanAreLookedAt) {
    const auto with = [&](unsigned count) {
        static constexpr std::array<std::uint8_t, 8> kTypes{0, 60, 43, 51, 60, 60, 60, 60};
        auto packet = to(friend6_);
        for (unsigned i = 0; i < count; ++i) {
            packet.extension(kTypes.at(i), static_cast<std::uint8_t>(i));
        }
        return packet;
    };
    std::vector<Row> rows;
    for (unsigned count = 1; count <= kExtensions; ++count) {
        const auto what = std::to_string(count);
        rows.push_back(
            {what, Way::Egress, with(count).tcp(kLocal, kOpen, "S").frame(), kPassed, true});
        rows.push_back({what + ", a shut port", Way::Egress,
                        with(count).tcp(kLocal, kShut, "S").frame(), dropped(POLICY_BY_RULES)});
    }
    for (unsigned count = kExtensions + 1; count <= 8; ++count) {
        rows.push_back({std::to_string(count), Way::Egress,
                        with(count).tcp(kLocal, kOpen, "S").frame(), dropped(POLICY_MALFORMED)});
    }
    play(rows);
}

TEST_F(PolicyPacket, IsDroppedWhereAHeaderIsCutOff) {
    const auto malformed = dropped(POLICY_MALFORMED);
    const auto cut = [&](const PacketBuilder& packet, std::size_t payload) {
        return packet.frame_of(packet.header_size() + payload);
    };
    const auto tcp = to(friend_).tcp(kLocal, kOpen, "S");
    const auto tcp6 = to(friend6_).tcp(kLocal, kOpen, "S");
    auto beyond = to(friend_).udp(kLocal, kOpen).frame();
    beyond[ETHER_HDR_LEN] = 0x4f;  // 60 bytes of header, of 36 there are
    play({{"no TCP header", Way::Egress, cut(tcp, 0), malformed},
          {"half of the ports", Way::Egress, cut(tcp, 2), malformed},
          {"no flags", Way::Egress, cut(tcp, 13), malformed},
          {"flags, the last that matters", Way::Egress, cut(tcp, 14), kPassed, true},
          {"no TCP header, v6", Way::Egress, cut(tcp6, 0), malformed},
          {"no flags, v6", Way::Egress, cut(tcp6, 13), malformed},
          {"three bytes of UDP", Way::Ingress, cut(from(friend_).udp(kLocal, kOpen), 3), malformed},
          {"three bytes of SCTP", Way::Ingress, cut(from(friend6_).sctp(kLocal, kOpen), 3),
           malformed},
          {"half an echo", Way::Egress, cut(to(friend_).echo(7), 5), malformed},
          {"half an echo, v6", Way::Egress, cut(to(friend6_).echo(7), 4), malformed},
          {"half an extension header", Way::Egress,
           to(friend6_).extension(60).tcp(kLocal, kOpen, "S").frame_of(40 + 7), malformed},
          {"an extension header that says more than there is", Way::Egress,
           to(friend6_).extension(60, 9).tcp(kLocal, kOpen, "S").frame_of(40 + 32), malformed},
          {"half a fragment header", Way::Egress,
           to(friend6_).fragment(1, 0, true).udp(kLocal, kOpen).frame_of(40 + 6), malformed},
          {"options beyond the end", Way::Egress, beyond, malformed}});
}

TEST_F(PolicyPacket, IsDroppedWhoseVersionIsNotThatOfItsEtherType) {
    const auto v4 = to(friend_).tcp(kLocal, kOpen, "S");
    const auto v6 = to(friend6_).tcp(kLocal, kOpen, "S");
    auto short_header = v4.frame();
    short_header[ETHER_HDR_LEN] = 0x44;
    play({{"v6 as v4", Way::Egress, ethernet_frame(ETHERTYPE_IP, v6.packet()),
           dropped(POLICY_MALFORMED)},
          {"v4 as v6", Way::Ingress, ethernet_frame(ETHERTYPE_IPV6, v4.packet()),
           dropped(POLICY_MALFORMED)},
          {"v4 in v6's clothes", Way::Egress,
           PacketBuilder(me6_, ip("::ffff:10.7.0.2")).tcp(kLocal, kOpen, "S").frame(),
           dropped(POLICY_MALFORMED)},
          {"the same as a source", Way::Ingress,
           PacketBuilder(ip("::ffff:10.7.0.2"), me6_).tcp(kLocal, kOpen, "S").frame(),
           dropped(POLICY_MALFORMED)},
          {"a header of 16 bytes", Way::Egress, short_header, dropped(POLICY_MALFORMED)}});
}

TEST_F(PolicyPacket, NeighboursAreDiscoveredWhateverTheRules) {
    pod().rules = POLICY_CLOSED;
    std::vector<Row> rows;
    for (int type = 133; type <= 136; ++type) {
        const auto of = static_cast<std::uint8_t>(type);
        rows.push_back({std::to_string(type), Way::Egress,
                        to(stranger6_).hop_limit(255).icmp(of).frame(), kPassed});
        rows.push_back({std::to_string(type), Way::Ingress,
                        from(stranger6_).hop_limit(255).icmp(of).frame(), kPassed});
    }
    for (const auto type : std::initializer_list<std::uint8_t>{130, 132, 137, 138, 143}) {
        rows.push_back({std::to_string(type), Way::Egress,
                        to(stranger6_).hop_limit(255).icmp(type).frame(),
                        dropped(POLICY_BY_RULES)});
    }
    rows.push_back({"one that a router passed on", Way::Ingress,
                    from(stranger6_).hop_limit(254).icmp(135).frame(), dropped(POLICY_BY_RULES)});
    rows.push_back({"the same number of ICMP", Way::Egress, to(stranger_).icmp(135).frame(),
                    dropped(POLICY_BY_RULES)});
    rows.push_back({"ICMPv6 over IPv4", Way::Ingress,
                    from(stranger_).other(kIcmp6, Bytes{135, 0, 0, 0, 0, 0, 0, 0}).frame(),
                    dropped(POLICY_BY_RULES)});
    rows.push_back({"ICMP over IPv6", Way::Ingress,
                    from(stranger6_).other(kIcmp, Bytes{3, 0, 0, 0, 0, 0, 0, 0}).frame(),
                    dropped(POLICY_BY_RULES)});
    const auto arp = arp_request_frame({{}, {}, me_, friend_});
    rows.push_back({"ARP", Way::Egress, arp, kPassed});
    rows.push_back({"ARP", Way::Ingress, arp, kPassed});
    play(rows);
}

TEST_F(PolicyPacket, OfAnotherEtherTypeIsDropped) {
    switch_to(open(), open());
    const auto payload = to(friend_).tcp(kLocal, kOpen, "S").packet();
    std::vector<Row> rows;
    for (const int type : {0x88cc, 0x8847, 0x8863, 0x8100, 0x9000, 0x0026}) {
        const auto frame = ethernet_frame(static_cast<std::uint16_t>(type), payload);
        rows.push_back({std::to_string(type), Way::Egress, frame, dropped(POLICY_NOT_IP)});
        rows.push_back({std::to_string(type), Way::Ingress, frame, dropped(POLICY_NOT_IP)});
    }
    play(rows);
}

TEST_F(PolicyPacket, OfAnEndpointThatIsNotInUseIsDropped) {
    switch_to(open(), open());
    const auto frame = to(friend_).tcp(kLocal, kOpen, "S").frame();
    const auto nobody = dropped(POLICY_NO_ENDPOINT);
    EXPECT_EQ(out(frame), kPassed);
    for (const std::uint32_t index : {0U, pod_ + 1, POLICY_ENDPOINTS - 1}) {
        EXPECT_EQ(programs_.run(Way::Egress, index, frame), nobody);
        EXPECT_EQ(programs_.run(Way::Ingress, index, frame), nobody);
    }
    EXPECT_EQ(programs_.run(Way::Egress, 0, arp_request_frame({{}, {}, me_, friend_})), nobody);
    pod().flags = 0;
    EXPECT_EQ(out(frame), nobody) << "an open connection of it, too";
}

TEST_F(PolicyPacket, OfEachEndpointIsJudgedByItsOwnRules) {
    const auto other = programs_.add_endpoint({friend_, friend6_});
    switch_to(open(), open());
    const auto frame = to(friend_).tcp(kLocal, kShut, "S").frame();
    EXPECT_EQ(out(frame), kPassed);
    EXPECT_EQ(programs_.run(Way::Ingress, other, frame), dropped(POLICY_BY_RULES));
    EXPECT_EQ(connections().size(), 1U);
    programs_.endpoint(other).rules = static_cast<std::uint64_t>(POLICY_OPEN) << 32U;
    EXPECT_EQ(programs_.run(Way::Ingress, other, frame), kPassed);
    EXPECT_EQ(connections().size(), 2U) << "each end has its own";
}

}  // namespace
}  // namespace terway::test
