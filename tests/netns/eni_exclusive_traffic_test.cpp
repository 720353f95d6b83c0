// Where packets of pods with whole ENIs go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exclusive_node.hpp"

namespace terway::test {
namespace {

constexpr std::chrono::milliseconds kSilence{300};

class ExclusiveTraffic : public testing::TestWithParam<Family> {
protected:
    [[nodiscard]] static IpAddress of(const ExclusivePod& pod) {
        return pod.address.at(GetParam());
    }
    [[nodiscard]] static IpAddress service() { return ExclusiveNode::service(GetParam()); }
    [[nodiscard]] static IpAddress host() { return ExclusiveNode::node(GetParam()); }
    [[nodiscard]] static IpAddress elsewhere() { return ExclusiveNode::elsewhere(GetParam()); }

    ExclusiveNode node_;
};

TEST_P(ExclusiveTraffic, GoesByTheEniPastTheNode) {
    auto& pod = node_.pod();
    const auto seen = ask(pod.netns, of(pod), elsewhere(), node_.machine(), elsewhere());
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->from, of(pod));
    EXPECT_EQ(seen->ttl, 63);  // one router, the VPC's
    EXPECT_TRUE(ask(node_.machine(), elsewhere(), of(pod), pod.netns, of(pod)));
}

TEST_P(ExclusiveTraffic, BetweenPodsOfOneNodeGoesThroughTheVpc) {
    auto& one = node_.pod();
    auto& other = node_.pod();
    const auto seen = ask(one.netns, of(one), of(other), other.netns, of(other));
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->from, of(one));
}

TEST_P(ExclusiveTraffic, BetweenPodAndNodeGoesThroughThePeer) {
    auto& pod = node_.pod();
    shell(node_.vpc(), "ip link set port1 down");  // the ENI is of no use
    const auto probe = ask(node_.host(), host(), of(pod), pod.netns, of(pod));
    ASSERT_TRUE(probe);
    EXPECT_EQ(probe->from, host());
    const auto seen = ask(pod.netns, of(pod), host(), node_.host(), host());
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->from, of(pod));
}

TEST(ExclusiveTrafficV4, ReachesWhatTheHostsStackServes) {
    ExclusiveNode node;
    auto& pod = node.pod();
    const auto dns = IpAddress::parse("169.254.20.10").value();
    EXPECT_TRUE(ask(pod.netns, pod.address.at(Family::V4), dns, node.host(), dns));
}

TEST_P(ExclusiveTraffic, ToAServiceComesBackThoughTheBackendIsElsewhere) {
    auto& pod = node_.pod();
    node_.serve(service(), elsewhere());
    const auto seen = ask(pod.netns, of(pod), service(), node_.machine(), elsewhere());
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->from, host());
}

TEST_P(ExclusiveTraffic, ToAServiceComesBackThoughTheBackendHasAnEniOfItsOwn) {
    auto& pod = node_.pod();
    auto& backend = node_.pod();
    node_.serve(service(), of(backend));
    const auto seen = ask(pod.netns, of(pod), service(), backend.netns, of(backend));
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->from, host());
    EXPECT_TRUE(ask(pod.netns, of(pod), service(), backend.netns, of(backend)));
}

TEST_P(ExclusiveTraffic, ToAServiceWhoseBackendIsThePodItselfComesBack) {
    auto& pod = node_.pod();
    node_.serve(service(), of(pod));
    EXPECT_TRUE(ask(pod.netns, of(pod), service(), pod.netns, of(pod)));
}

TEST_P(ExclusiveTraffic, ToAServiceKeepsItsAddressWhereTheBackendIsARoutedPodOfTheNode) {
    auto& pod = node_.pod();
    const auto& backend = node_.routed_pod(1);
    const auto address = ExclusiveNode::routed_address(GetParam(), 1);
    node_.serve(service(), address);
    const auto seen = ask(pod.netns, of(pod), service(), backend, address);
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->from, of(pod));
}

TEST_P(ExclusiveTraffic, FromAServiceOfTheNodeComesBackThroughTheNode) {
    auto& pod = node_.pod();
    node_.serve(host(), of(pod));  // as NodePort and hostPort do
    const auto seen = ask(node_.machine(), elsewhere(), host(), pod.netns, of(pod));
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->from, host());
}

TEST_P(ExclusiveTraffic, BetweenItAndARoutedPodOfTheNodeFlowsBothWays) {
    auto& pod = node_.pod();
    const auto& routed = node_.routed_pod(1);
    const auto address = ExclusiveNode::routed_address(GetParam(), 1);
    const auto seen = ask(routed, address, of(pod), pod.netns, of(pod));
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->from, address);
    EXPECT_TRUE(ask(pod.netns, of(pod), address, routed, address));
}

TEST_P(ExclusiveTraffic, ForgedInAnotherNameDoesNotPassThePeer) {
    auto& pod = node_.pod();
    const auto forged =
        IpAddress::parse(GetParam() == Family::V4 ? "10.0.1.99" : "fd01::99").value();
    const Udp server(node_.host().fd(), host(), 8080);
    const Udp own(pod.netns.fd(), of(pod), 5001);
    const Udp client(pod.netns.fd(), forged, 5002, true);
    client.send(host(), 8080, "forged");
    own.send(host(), 8080, "honest");
    const auto got = server.receive();
    ASSERT_TRUE(got);
    EXPECT_EQ(got->text, "honest");
    EXPECT_FALSE(server.receive(kSilence));
}

TEST_P(ExclusiveTraffic, WithoutAMasqueradeAServiceElsewhereDoesNotAnswer) {
    auto config = ExclusiveNode::services();
    config.boolean("masquerade", false);
    ExclusiveNode plain(config);
    auto& pod = plain.pod();
    plain.serve(service(), elsewhere());
    EXPECT_FALSE(ask(pod.netns, of(pod), service(), plain.machine(), elsewhere(), kSilence));
}

TEST_P(ExclusiveTraffic, NeedsNoPeerToReachTheVpc) {
    sdk::testing::ConfigTable config;
    config.boolean("host_peer", false);
    ExclusiveNode lone(config);
    auto& pod = lone.pod();
    EXPECT_EQ(pod.made.side_ifindex, 0U);
    EXPECT_FALSE(ExclusiveNode::link(pod.netns.fd(), "veth1"));
    EXPECT_TRUE(ask(pod.netns, of(pod), elsewhere(), lone.machine(), elsewhere()));
    lone.on_host([&] { lone.module().check(pod.endpoint); });
}

// The links of the attachment are where policy and limits take hold.
TEST_P(ExclusiveTraffic, IsGovernedByLinkAndWhatHangsOnTheEniDoesNotComeHome) {
    auto& pod = node_.pod();
    const auto drop = [&](std::uint32_t ifindex) {
        shell(pod.netns,
              "nft 'add table inet policy; flush table inet policy; "
              "add chain inet policy in { type filter hook input priority 0; }; "
              "add rule inet policy in iif " +
                  std::to_string(ifindex) + " udp dport 8080 drop'");
    };
    drop(pod.made.pod_ifindex);
    EXPECT_FALSE(ask(node_.machine(), elsewhere(), of(pod), pod.netns, of(pod), kSilence));
    EXPECT_TRUE(ask(node_.host(), host(), of(pod), pod.netns, of(pod)));
    drop(pod.made.side_ifindex);
    EXPECT_TRUE(ask(node_.machine(), elsewhere(), of(pod), pod.netns, of(pod)));
    EXPECT_FALSE(ask(node_.host(), host(), of(pod), pod.netns, of(pod), kSilence));
    shell(pod.netns,
          "for link in eth0 veth1; do "
          "tc qdisc add dev $link root tbf rate 1gbit burst 1mb latency 50ms; "
          "tc qdisc add dev $link clsact; done");
    EXPECT_TRUE(ask(node_.machine(), elsewhere(), of(pod), pod.netns, of(pod)));
    node_.detach(pod);
    shell(node_.host(), "! tc qdisc show dev eth1 | grep -qE 'tbf|clsact'");
}

INSTANTIATE_TEST_SUITE_P(Families, ExclusiveTraffic, testing::Values(Family::V4, Family::V6),
                         [](const auto& tested) {
                             return tested.param == Family::V4 ? "V4" : "V6";
                         });

}  // namespace
}  // namespace terway::test
