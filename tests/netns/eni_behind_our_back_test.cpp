// Others change the ENIs of the node; the daemon notices and tells, and other pods go on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud_node.hpp"

namespace terway::test {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::Not;
using testing::SizeIs;

constexpr const char* kPool = "min_idle = 1\nmax_idle = 1\nreconcile_every = \"1s\"\n";

class EniBehindOurBack : public testing::Test {
protected:
    struct Pod {
        std::unique_ptr<Sandbox> sandbox;
        CniReply added;
        std::string eni;
    };

    void begin(const CloudSettings& settings = {.pool = kPool}) {
        cloud_ = std::make_unique<CloudNode>(settings);
        daemon_ = node().start();
    }
    Node& node() { return cloud_->node(); }

    Pod make_pod(const std::string& name) {
        Pod pod{node().sandbox(name), {}, {}};
        pod.added = node().add(name, *pod.sandbox);
        EXPECT_TRUE(pod.added.ok()) << pod.added.out;
        for (const auto& [id, eni] : cloud_->enis()) {
            pod.eni = eni.addresses.contains(pod.added.v4()) ? id : pod.eni;
        }
        EXPECT_NE(pod.eni, "");
        return pod;
    }
    bool talks(const Pod& pod) { return cloud_->talks(*pod.sandbox, pod.added.v4()); }
    bool told(const std::string& text) {
        return eventually([&] { return daemon_->logged(text); }, 10s);
    }
    double events(const std::string& event) {
        return cloud_->metric_sum("terway_pool_events_total", "event=\"" + event + "\"");
    }
    // Fills the first ENI, so that the last pod is on the second.
    std::vector<Pod> make_seven() {
        std::vector<Pod> pods;
        for (int i = 0; i < 7; ++i) {
            pods.push_back(make_pod("p" + std::to_string(i)));
        }
        EXPECT_NE(pods.front().eni, pods.back().eni);
        EXPECT_EQ(cloud_->agreed(), "");
        return pods;
    }

    std::unique_ptr<CloudNode> cloud_;
    std::unique_ptr<Daemon> daemon_;
};

TEST_F(EniBehindOurBack, ADetachedEniIsToldAndPodsOfOthersGoOn) {
    begin();
    auto pods = make_seven();
    const auto lost = pods.front().eni;
    cloud_->detach(lost);
    EXPECT_TRUE(told("an ENI has vanished behind our back")) << daemon_->log();
    EXPECT_GE(events("lost eni"), 1);
    EXPECT_EQ(events("lost address in use"), 6);
    const auto mapping = node().ctl({"mapping"});
    EXPECT_EQ(mapping.exit, 1) << mapping.out;
    EXPECT_THAT(mapping.out, HasSubstr(pods.front().added.v4().text()));
    EXPECT_THAT(cloud_->troubles(), HasSubstr("ENI " + lost + " has vanished"));
    EXPECT_TRUE(talks(pods.back()));
    const auto fresh = make_pod("fresh");
    EXPECT_NE(fresh.eni, lost);
    EXPECT_TRUE(talks(fresh));
    for (int i = 0; i < 6; ++i) {
        EXPECT_TRUE(
            node().del("p" + std::to_string(i), *pods[static_cast<std::size_t>(i)].sandbox).ok());
    }
    EXPECT_TRUE(eventually([&] { return cloud_->troubles().empty(); }, 10s)) << cloud_->troubles();
    EXPECT_EQ(node().ctl({"mapping"}).exit, 0) << node().ctl({"mapping"}).out;
    EXPECT_TRUE(talks(pods.back()));
    EXPECT_TRUE(talks(fresh));
}

TEST_F(EniBehindOurBack, AnAddressInUseThatIsTakenAwayIsToldAndOthersOfItsEniGoOn) {
    begin();
    const auto robbed = make_pod("a");
    const auto other = make_pod("b");
    ASSERT_EQ(cloud_->agreed(), "");
    // An ENI's own address cannot be taken away.
    const auto& [victim, bystander] = cloud_->cloud().with([&](sim::Cloud& all) {
        return all.model().eni(robbed.eni).primary == robbed.added.v4();
    })
                                          ? std::tie(other, robbed)
                                          : std::tie(robbed, other);
    cloud_->take_away(victim.eni, victim.added.v4());
    EXPECT_TRUE(told("an address in use has vanished behind our back")) << daemon_->log();
    EXPECT_EQ(events("lost address in use"), 1);
    EXPECT_EQ(node().ctl({"mapping"}).exit, 1) << node().ctl({"mapping"}).out;
    EXPECT_EQ(cloud_->in_state("missing"), 1U);
    EXPECT_TRUE(talks(bystander));
    const auto fresh = make_pod("fresh");
    EXPECT_TRUE(talks(fresh));
    const auto* name = &victim == &robbed ? "a" : "b";
    EXPECT_TRUE(node().del(name, *victim.sandbox).ok());
    EXPECT_TRUE(eventually([&] { return node().ctl({"mapping"}).exit == 0; }, 10s))
        << node().ctl({"mapping"}).out;
    EXPECT_EQ(cloud_->in_state("missing"), 0U);
    EXPECT_EQ(cloud_->agreed(), "");
}

TEST_F(EniBehindOurBack, AnIdleAddressThatIsTakenAwayIsGivenToNobody) {
    begin({.pool = "min_idle = 3\nmax_idle = 3\nreconcile_every = \"1s\"\n"});
    const auto pod = make_pod("a");
    ASSERT_EQ(cloud_->agreed(), "");
    const auto used = pod.added.v4();
    IpAddress idle;
    cloud_->cloud().with([&](sim::Cloud& all) {
        for (const auto& each : all.model().eni(pod.eni).secondary) {
            idle = each == used ? idle : each;
        }
    });
    cloud_->take_away(pod.eni, idle);
    EXPECT_TRUE(told("an address has vanished behind our back")) << daemon_->log();
    EXPECT_EQ(cloud_->agreed(), "");
    std::vector<Pod> pods;
    for (const auto* name : {"b", "c", "d", "e"}) {
        pods.push_back(make_pod(name));
        EXPECT_TRUE(talks(pods.back())) << name;
    }
    EXPECT_EQ(cloud_->agreed(), "");
}

TEST_F(EniBehindOurBack, AnEniThatIsDestroyedAndReplacedLeavesNoTrace) {
    begin();
    ASSERT_EQ(cloud_->agreed(), "");
    ASSERT_THAT(cloud_->enis(), SizeIs(1));
    const auto lost = cloud_->enis().begin()->first;
    const auto now = cloud_->cloud().time();
    cloud_->cloud().with([&](sim::Cloud& all) { all.enis().destroy(lost, now); });
    EXPECT_TRUE(told("an ENI has vanished behind our back")) << daemon_->log();
    EXPECT_EQ(cloud_->agreed(), "");
    EXPECT_THAT(cloud_->enis(), Not(Contains(Key(lost))));
    EXPECT_TRUE(talks(make_pod("a")));
    const auto rules = node().shell("ip rule; ip route show table all");
    EXPECT_THAT(rules, Not(HasSubstr("linkdown")));
}

TEST_F(EniBehindOurBack, AnAddressThatTurnsUpIsUsed) {
    begin({.pool = "min_idle = 1\nmax_idle = 3\nmax_enis = 1\nreconcile_every = \"1s\"\n"});
    ASSERT_EQ(cloud_->agreed(), "");
    const auto eni = cloud_->enis().begin()->first;
    const auto before = cloud_->in_state("idle");
    const auto now = cloud_->cloud().time();
    cloud_->cloud().with([&](sim::Cloud& all) {
        (void)all.enis().assign(eni, Family::V4, {{}, {}, 1, 0}, now);
    });
    EXPECT_TRUE(told("an address has turned up")) << daemon_->log();
    EXPECT_EQ(cloud_->in_state("idle"), before + 1);
    EXPECT_EQ(cloud_->agreed(), "");
}

TEST_F(EniBehindOurBack, LeakedEnisOfThisNodeAreDeletedAndNoOthers) {
    begin({.pool = std::string(kPool) + "leak_grace = \"1m\"\n",
           .cloud = "cluster = \"blue\"\n",
           .in_the_past = true});
    const auto now = cloud_->cloud().time();
    const std::map<std::string, std::string> ours{
        {"creator", "terway"}, {"terway.instance", "i-a"}, {"terway.cluster", "blue"}};
    const auto with = [&](const std::string& key, const std::string& value) {
        auto tags = ours;
        tags[key] = value;
        return tags;
    };
    std::vector<std::string> made;
    cloud_->cloud().with([&](sim::Cloud& all) {
        for (const auto& tags : {ours, with("terway.instance", "i-b"),
                                 with("terway.cluster", "red"), with("creator", "somebody")}) {
            sim::EniWish wish;
            wish.vswitch = "vsw-a";
            wish.record.tags = tags;
            made.push_back(all.enis().create(wish, now).id);
        }
    });
    EXPECT_TRUE(told("an ENI of ours that nobody uses is deleted")) << daemon_->log();
    EXPECT_TRUE(eventually([&] { return !cloud_->enis().contains(made[0]); }, 10s));
    EXPECT_EQ(events("leaked eni"), 1);
    for (std::size_t i = 1; i < made.size(); ++i) {
        EXPECT_THAT(cloud_->enis(), Contains(Key(made[i])));
    }
    EXPECT_TRUE(talks(make_pod("a")));
}

}  // namespace
}  // namespace terway::test
