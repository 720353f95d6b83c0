// Somebody removes what the daemon has set up; it is put back, and counted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>

#include "cloud_node.hpp"
#include "packet.hpp"

namespace terway::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kOfPods = "terway_repairs_total";
constexpr const char* kOfEnis = "terway_eni_repairs_total";

struct Damage {
    const char* name;
    const char* command;  // LINK, NIC, TABLE, V4, V6 stand for the pod's and its ENI's
    const char* counted;
};

void PrintTo(const Damage& damage, std::ostream* out) {
    *out << damage.command;
}

constexpr Damage kDamages[] = {
    {"RuleToThePod", "ip rule del pref 512 to V4", kOfPods},
    {"RuleFromThePod", "ip rule del pref 2048 from V4", kOfPods},
    {"Ipv6RuleFromThePod", "ip -6 rule del pref 2048 from V6", kOfPods},
    {"RouteToThePod", "ip route del V4", kOfPods},
    {"Ipv6RouteToThePod", "ip -6 route del V6", kOfPods},
    {"PodsLinkDown", "ip link set LINK down", kOfPods},
    {"TableOfTheEni", "ip route flush table TABLE", kOfEnis},
    {"Ipv6TableOfTheEni", "ip -6 route flush table TABLE", kOfEnis},
    {"NodesAddressOnTheEni", "ip addr del 10.0.0.10/32 dev NIC", kOfEnis},
    {"EniDown", "ip link set NIC down", kOfEnis},
    {"RuleOfTheReturnPath", "ip rule del pref 600", kOfEnis},
    {"TableOfTheReturnPath", "ip route flush table 100", kOfEnis},
    {"Nftables", "nft flush ruleset", kOfPods},
    {"NftablesChain", "nft flush chain inet terway-veth sources", kOfEnis},
    {"Everything",
     "ip rule del pref 512 to V4; ip rule del pref 2048 from V4; ip -6 rule del pref 512 to V6; "
     "ip -6 rule del pref 2048 from V6; ip route flush table TABLE; ip addr flush dev NIC; "
     "ip link set NIC down; ip link set LINK down; nft flush ruleset",
     kOfEnis},
};

// Once the kernel has given every link its own IPv6 addresses, which it does late.
std::string at_rest(Node& node) {
    EXPECT_TRUE(eventually([&] {
        return node.shell("ip -6 -o addr show tentative").empty() &&
               !node.shell("ip -6 route show table local dev eth1 type local").empty() &&
               !node.shell("ip -6 route show table local dev eth1 type anycast").empty();
    })) << node.shell("ip -6 addr; ip -6 route show table local");
    return snapshot(node.fd());
}

class EniHeal : public testing::TestWithParam<Damage> {
protected:
    void SetUp() override {
        ASSERT_TRUE(added_.ok()) << added_.out;
        ASSERT_EQ(cloud_.agreed(), "");
        const auto pool = node_.ctl_json("pool");
        const auto& eni = pool.at("enis").at(0);
        const auto index = std::to_string(eni.at("ifindex").to_number<std::uint64_t>());
        auto nic = node_.shell("ip -o link | sed -n 's/^" + index + ": \\([^@:]*\\).*/\\1/p'");
        nic.erase(std::find(nic.begin(), nic.end(), '\n'), nic.end());
        words_ = {{"LINK", added_.host_link()},
                  {"NIC", nic},
                  {"TABLE", std::to_string(1000 + std::stoul(index))},
                  {"V4", added_.v4().text()},
                  {"V6", added_.v6().text()}};
    }

    [[nodiscard]] std::string command() const {
        std::string text = GetParam().command;
        for (const auto& [word, value] : words_) {
            for (auto at = text.find(word); at != std::string::npos;
                 at = text.find(word, at + value.size())) {
                text.replace(at, word.size(), value);
            }
        }
        return text;
    }

    // A datagram with a source that is not the pod's does not arrive, an honest one does.
    void expect_guarded() const {
        const Udp receiver(node_.fd(), IpAddress::parse("0.0.0.0").value(), kPort);
        const Tap wire(pod_->fd(), "eth0");
        const auto node = IpAddress::parse(CloudNode::kNode4).value();
        const Mac any{{0xee, 0xee, 0xee, 0xee, 0xee, 0xee}};
        Envelope envelope{added_.mac(), any, IpAddress::parse("10.0.0.99").value(), node};
        wire.send(udp_frame(envelope, 1, kPort, "forged"));
        envelope.source = added_.v4();
        wire.send(udp_frame(envelope, 1, kPort, "honest"));
        const auto got = receiver.receive();
        ASSERT_TRUE(got);
        EXPECT_EQ(got->text, "honest");
    }

    static constexpr std::uint16_t kPort = 7000;

    CloudNode cloud_{{.pool = "families = \"dual\"\nmax_enis = 1\nmin_idle = 1\nmax_idle = 2"}};
    Node& node_ = cloud_.node();
    const std::unique_ptr<Daemon> daemon_ = node_.start();
    const std::unique_ptr<Sandbox> pod_ = node_.sandbox("a");
    const CniReply added_ = node_.add("a", *pod_);
    std::map<std::string, std::string> words_;
};

TEST_P(EniHeal, IsPutBackAndCounted) {
    const auto before = at_rest(node_);
    const auto counted = cloud_.metric(GetParam().counted);
    node_.shell(command());
    std::string difference;
    EXPECT_TRUE(eventually([&] {
        difference = changes(before, snapshot(node_.fd()));
        return difference.empty();
    })) << difference
        << daemon_->log();
    EXPECT_TRUE(eventually([&] { return cloud_.metric(GetParam().counted) >= counted + 1; }))
        << node_.http("/metrics");
    EXPECT_TRUE(cloud_.talks(*pod_, added_.v4()));
    EXPECT_TRUE(cloud_.talks(*pod_, added_.v6()));
    expect_guarded();
    EXPECT_EQ(cloud_.agreed(), "");
    EXPECT_EQ(node_.ctl({"check"}).exit, 0);
    EXPECT_EQ(daemon_->stop(), 0) << daemon_->log();
}

INSTANTIATE_TEST_SUITE_P(WhatSomebodyRemoved, EniHeal, testing::ValuesIn(kDamages),
                         [](const auto& damage) { return std::string(damage.param.name); });

TEST(EniHealWithoutPods, AnEmptyNodeIsRepairedToo) {
    CloudNode cloud({.pool = "min_idle = 1\nmax_idle = 2"});
    const auto daemon = cloud.node().start();
    ASSERT_EQ(cloud.agreed(), "");
    const auto before = at_rest(cloud.node());
    cloud.node().shell("nft flush ruleset; ip rule del pref 600; ip link set eth1 down");
    std::string difference;
    EXPECT_TRUE(eventually([&] {
        difference = changes(before, snapshot(cloud.node().fd()));
        return difference.empty();
    })) << difference
        << daemon->log();
    const auto pod = cloud.node().sandbox("a");
    const auto added = cloud.node().add("a", *pod);
    ASSERT_TRUE(added.ok()) << added.out;
    EXPECT_TRUE(cloud.talks(*pod, added.v4()));
}

}  // namespace
}  // namespace terway::test
