// Pods with an ENI of their own: the real daemon and the module eni-exclusive, a simulated cloud.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "cloud_node.hpp"
#include "kernel.hpp"
#include "stream.hpp"

namespace terway::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::SizeIs;

CloudSettings whole(const std::string& marks = "min_idle = 1\nmax_idle = 2") {
    CloudSettings out;
    out.source = "exclusive-eni";
    out.dataplane = "eni-exclusive";
    out.pool = "families = \"dual\"\n[pool.exclusive]\n" + marks;
    out.type = "ecs.g7.2xlarge";  // three ENIs for pods
    return out;
}

class EniWhole : public testing::Test {
protected:
    struct Pod {
        std::unique_ptr<Sandbox> sandbox;
        CniReply added;
    };

    void begin(const CloudSettings& settings = whole()) {
        cloud_ = std::make_unique<CloudNode>(settings);
        daemon_ = cloud_->node().start();
    }
    Pod& add(const std::string& name, const std::string& args = {}) {
        auto& pod = pods_[name];
        pod.sandbox = cloud_->node().sandbox(name);
        pod.added = cloud_->node().cni(
            {.verb = "ADD", .container = name, .netns = pod.sandbox->path(), .args = args});
        EXPECT_TRUE(pod.added.ok()) << name << ": " << pod.added.out << daemon_->log();
        return pod;
    }
    void del(const std::string& name) {
        EXPECT_TRUE(cloud_->node().del(name, *pods_.at(name).sandbox).ok()) << name;
        pods_.erase(name);
    }
    std::int64_t count(const char* what) {
        return cloud_->node().ctl_json("pool").at("exclusive_enis").at(what).to_number<int>();
    }
    bool warm(std::int64_t enis) {
        return eventually([&] { return count("warm") == enis; }, 20s);
    }
    static IpAddress neighbour(Family family) {
        return IpAddress::parse(family == Family::V4 ? CloudNode::kNeighbour4
                                                     : CloudNode::kNeighbour6)
            .value();
    }
    void expect_reaches_all(const Pod& pod) {
        for (const auto family : {Family::V4, Family::V6}) {
            const auto own = family == Family::V4 ? pod.added.v4() : pod.added.v6();
            EXPECT_TRUE(ping(pod.sandbox->fd(), neighbour(family))) << own.text();
            EXPECT_TRUE(ping(cloud_->neighbour_fd(), own)) << own.text();
            EXPECT_TRUE(ping(cloud_->node().fd(), own)) << own.text();
            for (const auto& [name, other] : pods_) {
                if (&other != &pod) {
                    EXPECT_TRUE(ping(pod.sandbox->fd(),
                                     family == Family::V4 ? other.added.v4() : other.added.v6()))
                        << own.text() << " to " << name;
                }
            }
        }
    }

    std::unique_ptr<CloudNode> cloud_;
    std::map<std::string, Pod> pods_;
    std::unique_ptr<Daemon> daemon_;
};

TEST_F(EniWhole, EachPodHasAnEniOfItsOwnAndTalksToEverybody) {
    begin();
    ASSERT_TRUE(warm(2)) << "half-way between the marks";
    add("a");
    add("b");
    EXPECT_EQ(count("allocated"), 2);
    EXPECT_EQ(count("capacity"), 3);
    EXPECT_NE(pods_["a"].added.v4(), pods_["b"].added.v4());
    for (const auto& [name, pod] : pods_) {
        SCOPED_TRACE(name);
        expect_reaches_all(pod);
        EXPECT_TRUE(cloud_->talks(*pod.sandbox, pod.added.v4()));
        EXPECT_TRUE(cloud_->talks(*pod.sandbox, pod.added.v6()));
    }
    EXPECT_EQ(cloud_->agreed(), "");
    EXPECT_EQ(cloud_->node().ctl({"check"}).exit, 0);
    EXPECT_EQ(daemon_->stop(), 0) << daemon_->log();
}

TEST_F(EniWhole, AWarmAddAsksTheCloudNothing) {
    begin(whole("min_idle = 1\nmax_idle = 1\nmax_enis = 1"));
    ASSERT_TRUE(warm(1));
    ASSERT_TRUE(eventually([&] {
        return cloud_->metric("terway_pool_events_total{detail=\"ok\",event=\"resync\"}") >= 1;
    }));
    const auto before = cloud_->mutating_calls();
    add("a");
    EXPECT_EQ(cloud_->mutating_calls(), before);
    EXPECT_EQ(cloud_->agreed(), "");
}

TEST_F(EniWhole, AnEniComesHomeAndServesTheNextPod) {
    begin(whole("min_idle = 1\nmax_idle = 1\nmax_enis = 1"));
    ASSERT_TRUE(warm(1));
    const auto first = add("a").added.v4();
    EXPECT_EQ(count("warm"), 0);
    del("a");
    EXPECT_TRUE(warm(1)) << daemon_->log();
    EXPECT_EQ(add("b").added.v4(), first);
    expect_reaches_all(pods_["b"]);
    EXPECT_EQ(cloud_->agreed(), "");
    del("b");
    EXPECT_TRUE(warm(1));
    EXPECT_EQ(settled(cloud_->node()), "");
}

TEST_F(EniWhole, AnEniComesHomeOutOfAPodWhoseDelFoundNoDaemon) {
    begin(whole("min_idle = 1\nmax_idle = 1\nmax_enis = 1"));
    const auto first = add("a").added.v4();
    const auto sandbox = std::move(pods_["a"].sandbox);  // lives on
    pods_.erase("a");
    daemon_->kill();
    EXPECT_TRUE(cloud_->node().del("a", *sandbox).ok());
    daemon_ = cloud_->node().start();
    EXPECT_TRUE(warm(1)) << daemon_->log();
    EXPECT_EQ(add("b").added.v4(), first) << daemon_->log();
    expect_reaches_all(pods_["b"]);
}

TEST_F(EniWhole, APodThatCannotHaveAnEniIsToldWhyAndGetsThatOfTheOneThatGoes) {
    begin(whole("min_idle = 0\nmax_idle = 1\nmax_enis = 1"));
    add("a");
    const auto sandbox = cloud_->node().sandbox("b");
    const auto refused = cloud_->node().add("b", *sandbox);
    EXPECT_EQ(refused.code(), 11) << refused.out;
    EXPECT_THAT(refused.message(), HasSubstr("1 of 1 ENIs"));
    del("a");
    EXPECT_TRUE(eventually([&] { return cloud_->node().add("b", *sandbox).ok(); }, 10s));
    EXPECT_EQ(cloud_->enis().size(), 1U);
}

TEST_F(EniWhole, ConnectionsOutliveTheDaemonAndItIsTakenOver) {
    begin();
    const auto& pod = add("a");
    Stream out(pod.sandbox->fd(), cloud_->neighbour_fd(), neighbour(Family::V4));
    Stream in(cloud_->node().fd(), pod.sandbox->fd(), pod.added.v6());
    daemon_->kill();
    EXPECT_TRUE(out.carries("while the daemon is dead"));
    daemon_ = cloud_->node().start();
    EXPECT_TRUE(daemon_->logged("kept=1 gone=0 finished=0 failed=0")) << daemon_->log();
    EXPECT_TRUE(out.carries("after the restart"));
    EXPECT_TRUE(in.carries("after the restart"));
    EXPECT_EQ(cloud_->agreed(), "");
    EXPECT_EQ(count("allocated"), 1);
    del("a");
    EXPECT_TRUE(eventually([&] { return count("allocated") == 0; }));
    EXPECT_EQ(cloud_->agreed(), "");
}

// In the simulation a NIC is the end of a veth, which dies with the namespace it is in.
TEST_F(EniWhole, AnEniThatIsLostWithItsPodIsReplaced) {
    begin(whole("min_idle = 1\nmax_idle = 1\nmax_enis = 1"));
    add("a");
    ASSERT_THAT(cloud_->enis(), SizeIs(1));
    const auto lost = cloud_->enis().begin()->first;
    pods_["a"].sandbox.reset();
    EXPECT_TRUE(
        cloud_->node().cni({.verb = "DEL", .container = "a", .netns = "/run/netns/gone"}).ok());
    pods_.erase("a");
    EXPECT_TRUE(eventually(
        [&] { return cloud_->enis().size() == 1 && cloud_->enis().begin()->first != lost; }, 60s))
        << daemon_->log();
    EXPECT_TRUE(warm(1));
    add("b");
    expect_reaches_all(pods_["b"]);
}

TEST_F(EniWhole, SharesANodeWithPodsOfThePodCidr) {
    CloudSettings mixed;
    mixed.source = "pod-cidr";
    mixed.pod_cidrs = {"172.20.1.0/24", "fd00:20:1::/64"};
    mixed.pool = "families = \"dual\"";
    mixed.chain =
        "\n[[chain.when]]\nresource = \"aliyun/eni\"\ndataplane = \"eni-exclusive\"\n"
        "addresses = \"exclusive-eni\"\n";
    mixed.modules =
        "[module.eni-exclusive]\nhost_stack_cidrs = [\"172.20.1.0/24\", \"fd00:20:1::/64\"]\n";
    begin(mixed);
    add("plain");
    add("whole", "K8S_POD_NAMESPACE=default;K8S_POD_NAME=w;TERWAY_RESOURCES=aliyun/eni:1");
    EXPECT_THAT(pods_["plain"].added.v4().text(), HasSubstr("172.20.1."));
    EXPECT_THAT(pods_["whole"].added.v4().text(), HasSubstr("10.0."));
    EXPECT_TRUE(eventually(
        [&] { return ping(cloud_->neighbour_fd(), pods_["plain"].added.v4(), 200ms); }, 20s));
    expect_reaches_all(pods_["plain"]);
    expect_reaches_all(pods_["whole"]);
    EXPECT_EQ(count("allocated"), 1);
    del("whole");
    del("plain");
    EXPECT_EQ(settled(cloud_->node()), "");
}

TEST_F(EniWhole, GivesItsEnisBackWhenTheProfileHasNoUseForThemAnyMore) {
    begin(whole("min_idle = 1\nmax_idle = 1"));
    add("a");
    EXPECT_EQ(daemon_->stop(), 0);
    auto& settings = cloud_->node().settings();
    settings.dataplane = "veth";
    settings.pod_cidrs = {"172.20.1.0/24", "fd00:20:1::/64"};
    settings.pool.clear();
    settings.veth = "mode = \"vpc-route\"";
    daemon_ = cloud_->node().start();
    EXPECT_TRUE(daemon_->logged("kept=1 gone=0 finished=0 failed=0")) << daemon_->log();
    expect_reaches_all(pods_["a"]);
    del("a");
    EXPECT_TRUE(eventually([&] { return cloud_->enis().empty(); }, 30s)) << daemon_->log();
}

TEST_F(EniWhole, APolicyThatNeedsALinkOnTheHostIsRefusedAtStart) {
    auto settings = whole();
    settings.chain = "policy = \"picky\"\n";
    CloudNode cloud(settings);
    const auto daemon = cloud.node().launch();
    EXPECT_FALSE(daemon->serves());
    EXPECT_EQ(daemon->wait(), 2) << daemon->log();
    EXPECT_THAT(daemon->log(), HasSubstr("host-link"));
}

}  // namespace
}  // namespace terway::test
