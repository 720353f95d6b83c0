// Limits from the container runtime to the kernel, through the daemon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "goodput.hpp"
#include "kernel.hpp"
#include "node.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

namespace json = boost::json;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

constexpr double kRate = 20e6;
constexpr double kBurst = 1e6;
constexpr std::chrono::seconds kLimit{20};

Settings limited() {
    Settings settings;
    settings.chain = "qos = \"bandwidth-tc\"";
    return settings;
}

class DaemonBandwidth : public testing::Test {
protected:
    CniReply add(const char* name, const char* bandwidth) {
        CniCall call;
        call.verb = "ADD";
        call.container = name;
        call.netns = pod_->path();
        call.more = json::parse(std::string(R"({"runtimeConfig":{"bandwidth":)") + bandwidth + "}}")
                        .as_object();
        auto reply = node_.cni(call);
        result_ = reply.json;
        return reply;
    }
    CniReply check(const char* name) {
        CniCall call;
        call.verb = "CHECK";
        call.container = name;
        call.netns = pod_->path();
        call.more["prevResult"] = result_;
        return node_.cni(call);
    }
    std::string qdiscs() { return node_.shell("tc qdisc; ip -o link show type ifb"); }

    Node node_{limited()};
    std::unique_ptr<Sandbox> pod_ = node_.sandbox("c");
    json::value result_;  // of the ADD
};

TEST_F(DaemonBandwidth, WhatTheRuntimeAsksForIsHeldUntilDel) {
    const auto daemon = node_.start();
    const auto before = qdiscs();
    const auto added = add("c", R"({"ingressRate":20000000,"ingressBurst":4194304,
                                    "egressRate":20000000,"egressBurst":4294967295})");
    ASSERT_TRUE(added.ok()) << added.out;
    EXPECT_THAT(qdiscs(), AllOf(HasSubstr("burst 512Kb"), HasSubstr("tbf"), HasSubstr("ifb")))
        << "a burst that is none is ours to choose";
    EXPECT_TRUE(check("c").ok());
    {
        Torrent in(node_.fd(), pod_->fd(), added.v4());
        EXPECT_EQ(breach(in, kRate, 4194304 + kBurst), "") << "towards the pod";
    }
    Torrent out(pod_->fd(), node_.fd(), IpAddress::parse(Node::kNode4).value());
    EXPECT_EQ(breach(out, kRate, kBurst), "") << "from the pod";
    EXPECT_TRUE(node_.del("c", *pod_).ok());
    EXPECT_EQ(settled(node_), "");
    EXPECT_EQ(qdiscs(), before);
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
}

TEST_F(DaemonBandwidth, WhatWasRemovedIsMissedAndIsBackWithTheNextDaemon) {
    auto daemon = node_.start();
    ASSERT_TRUE(add("c", R"({"ingressRate":20000000,"egressRate":20000000})").ok());
    daemon->kill();
    node_.shell("for i in $(ip -o link show type ifb | cut -d: -f2); do ip link del $i; done");
    daemon = node_.start();
    EXPECT_TRUE(daemon->logged("kept=1")) << daemon->log();
    EXPECT_TRUE(check("c").ok());
    node_.shell("tc qdisc del dev $(ip -o link show type ifb | cut -d: -f2) root");
    EXPECT_TRUE(
        eventually([&] { return daemon->logged("somebody removed part of an endpoint"); }, kLimit))
        << daemon->log();
    EXPECT_TRUE(node_.del("c", *pod_).ok());
    EXPECT_EQ(settled(node_), "");  // links are destroyed after the answer
    EXPECT_THAT(qdiscs(), Not(AnyOf(HasSubstr("ifb"), HasSubstr("tbf"))));
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
}

TEST_F(DaemonBandwidth, WhatSomebodyRemovesIsPutRight) {
    const auto daemon = node_.start();
    ASSERT_TRUE(add("c", R"({"ingressRate":20000000,"egressRate":20000000})").ok());
    const std::string link = "$(ip -o link | grep -o 'cali[0-9a-f]*' | head -1)";
    const std::string ifb = "$(ip -o link | grep -o 'ifb[0-9a-z]*' | head -1)";
    for (const auto& removal :
         {"tc qdisc del dev " + link + " root", "tc filter del dev " + link + " ingress",
          "tc qdisc del dev " + ifb + " root", "ip link del " + ifb}) {
        node_.shell(removal);
        EXPECT_TRUE(eventually([&] { return check("c").ok(); }, kLimit)) << removal << "\n"
                                                                         << qdiscs();
    }
    EXPECT_TRUE(node_.del("c", *pod_).ok());
    EXPECT_EQ(settled(node_), "");
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
}

TEST_F(DaemonBandwidth, AnnotationsAreLimitsToo) {
    const auto daemon = node_.start();
    CniCall call;
    call.verb = "ADD";
    call.container = "c";
    call.netns = pod_->path();
    call.more = json::parse(R"({"runtimeConfig":{"io.kubernetes.cri.pod-annotations":
                               {"k8s.aliyun.com/ingress-bandwidth":"1m"}}})")
                    .as_object();
    const auto added = node_.cni(call);
    ASSERT_TRUE(added.ok()) << added.out;
    EXPECT_THAT(qdiscs(), AllOf(HasSubstr("tbf"), Not(HasSubstr("clsact"))))
        << "one direction is enough";
    Torrent in(node_.fd(), pod_->fd(), added.v4());
    EXPECT_EQ(breach(in, 8 * 1024 * 1024, kBurst), "");
    EXPECT_TRUE(node_.del("c", *pod_).ok());
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
}

}  // namespace
}  // namespace terway::test
