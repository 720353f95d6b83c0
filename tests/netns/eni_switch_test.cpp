// A node whose profile changes while its pods run: old pods keep what they have, new ones get what
// the profile of the day says, and all of them talk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <list>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "cloud_node.hpp"
#include "kernel.hpp"
#include "stream.hpp"

namespace terway::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

// One profile the node can have. Another dataplane is one more of these, and a line in kSteps.
struct Profile {
    const char* name;
    const char* dataplane;
    void (*write)(Settings& settings);
};

const Profile kVpcRoute{"vpc-route", "veth", [](Settings& settings) {
                            settings.pod_cidrs = {"172.20.1.0/24", "fd00:20:1::/64"};
                            settings.pool.clear();
                            settings.veth = "mode = \"vpc-route\"";
                        }};
const Profile kSecondaryIp{"secondary-ip", "veth", [](Settings& settings) {
                               settings.pod_cidrs.clear();
                               settings.pool =
                                   "source = \"eni\"\nfamilies = \"dual\"\n"
                                   "min_idle = 1\nmax_idle = 15";
                               settings.veth = "mode = \"secondary-ip\"";
                           }};

const Profile kWholeEnis{"eni-exclusive", "eni-exclusive", [](Settings& settings) {
                             settings.pod_cidrs.clear();
                             settings.pool = "source = \"exclusive-eni\"\nfamilies = \"dual\"";
                         }};
const Profile kIpvlan{"ipvlan", "ipvlan", [](Settings& settings) {
                          settings.pod_cidrs.clear();
                          settings.pool =
                              "source = \"eni\"\nfamilies = \"dual\"\n"
                              "min_idle = 1\nmax_idle = 15";
                      }};

struct Step {
    const Profile& profile;
    int pods;  // that come under it
};

// Fifty pods in all.
const Step kSteps[] = {{kVpcRoute, 16}, {kSecondaryIp, 16}, {kWholeEnis, 4}, {kVpcRoute, 14}};
// The same where the kernel has ipvlan.
const Step kAllSteps[] = {
    {kVpcRoute, 12}, {kSecondaryIp, 12}, {kIpvlan, 12}, {kWholeEnis, 3}, {kSecondaryIp, 11}};

// True in the VM, which has it.
bool has_ipvlan() {
    static const bool has = std::system(
                                "unshare --net sh -c 'ip link add a0 type veth peer name a1 && "
                                "ip link add link a0 name a2 type ipvlan' 2> /dev/null") == 0;
    return has;
}

struct Pod {
    std::string name;
    std::unique_ptr<Sandbox> sandbox;
    CniReply added;
    bool speaker = false;  // one of its step's that hold connections

    [[nodiscard]] int fd() const { return sandbox->fd(); }
    [[nodiscard]] IpAddress address(Family family) const {
        return family == Family::V4 ? added.v4() : added.v6();
    }
};

// A connection that must outlive every switch.
struct Talk {
    const Pod* from;
    const Pod* to;  // null: the neighbour node
    Family family;
    Stream stream;

    [[nodiscard]] std::string text() const {
        return from->name + " to " + (to == nullptr ? "the neighbour" : to->name) +
               (family == Family::V4 ? " by IPv4" : " by IPv6");
    }
};

class EniSwitch : public testing::Test {
protected:
    EniSwitch() { cloud_.node().settings().cloud += "\nmanage_routes = true"; }

    void start(const Profile& profile) {
        auto& settings = cloud_.node().settings();
        settings.dataplane = profile.dataplane;
        profile.write(settings);
        daemon_ = cloud_.node().start();
        EXPECT_TRUE(
            daemon_->logged("kept=" + std::to_string(pods_.size()) + " gone=0 finished=0 failed=0"))
            << daemon_->log();
    }

    void stop() { EXPECT_EQ(daemon_->stop(), 0) << daemon_->log(); }

    void add(const Profile& profile, bool speaker) {
        auto& pod = pods_.emplace_back();
        pod.name = std::string(profile.name) + "-" + std::to_string(++count_);
        pod.sandbox = cloud_.node().sandbox(pod.name);
        pod.added = cloud_.node().add(pod.name, *pod.sandbox);
        pod.speaker = speaker;
        ASSERT_TRUE(pod.added.ok()) << pod.name << ": " << pod.added.out;
    }

    static IpAddress neighbour(Family family) {
        return IpAddress::parse(family == Family::V4 ? CloudNode::kNeighbour4
                                                     : CloudNode::kNeighbour6)
            .value();
    }

    // Opens connections between the newest speaker and all others, both ways, and the neighbour.
    void begin_talks() {
        const Pod& newest =
            *std::find_if(pods_.rbegin(), pods_.rend(), [](const Pod& pod) { return pod.speaker; });
        for (const auto family : {Family::V4, Family::V6}) {
            // The VPC's route to a pod CIDR comes a moment after the daemon.
            EXPECT_TRUE(eventually(
                [&] { return ping(cloud_.neighbour_fd(), newest.address(family), 200ms); }, 20s));
            talks_.push_back({&newest, nullptr, family,
                              Stream(newest.fd(), cloud_.neighbour_fd(), neighbour(family))});
            for (const auto& other : pods_) {
                if (other.speaker && &other != &newest) {
                    talks_.push_back({&newest, &other, family,
                                      Stream(newest.fd(), other.fd(), other.address(family))});
                    talks_.push_back({&other, &newest, family,
                                      Stream(other.fd(), newest.fd(), newest.address(family))});
                }
            }
        }
        for (const auto& talk : talks_) {
            EXPECT_EQ(talk.stream.client_address(), talk.from->address(talk.family)) << talk.text();
        }
    }

    void expect_talks(const std::string& when) {
        for (const auto& talk : talks_) {
            EXPECT_TRUE(talk.stream.carries(when)) << talk.text() << " " << when;
        }
    }

    // New connections, too: every pod and every speaker, the neighbour, the node and the outside.
    void expect_all_reach_all(const std::string& when) {
        SCOPED_TRACE(when);
        const auto outside = IpAddress::parse(CloudNode::kOutside4).value();
        for (const auto& pod : pods_) {
            EXPECT_TRUE(ping(pod.fd(), outside)) << pod.name << " to the outside";
            for (const auto family : {Family::V4, Family::V6}) {
                EXPECT_TRUE(ping(pod.fd(), neighbour(family))) << pod.name;
                EXPECT_TRUE(ping(cloud_.neighbour_fd(), pod.address(family))) << pod.name;
                EXPECT_TRUE(ping(cloud_.node().fd(), pod.address(family))) << pod.name;
                for (const auto& other : pods_) {
                    if (other.speaker && &other != &pod) {
                        EXPECT_TRUE(ping(pod.fd(), other.address(family)))
                            << pod.name << " to " << other.name;
                    }
                }
            }
        }
    }

    void del(std::list<Pod>::iterator pod) {
        talks_.remove_if([&](const Talk& talk) { return talk.from == &*pod || talk.to == &*pod; });
        EXPECT_TRUE(cloud_.node().del(pod->name, *pod->sandbox).ok()) << pod->name;
        pods_.erase(pod);
    }

    CloudNode cloud_{{.type = "ecs.g7.4xlarge"}};
    std::list<Pod> pods_;
    std::list<Talk> talks_;
    int count_ = 0;
    std::unique_ptr<Daemon> daemon_;
};

TEST_F(EniSwitch, FiftyPodsOfEveryProfileTalkThroughAllSwitchesAndGoInAnyOrder) {
    const auto steps = has_ipvlan() ? std::span<const Step>(kAllSteps) : std::span(kSteps);
    for (const auto& step : steps) {
        SCOPED_TRACE(step.profile.name);
        start(step.profile);
        expect_talks("after the switch");
        for (int i = 0; i < step.pods; ++i) {
            ASSERT_NO_FATAL_FAILURE(add(step.profile, i == 0));
        }
        begin_talks();
        expect_talks("among old and new");
        expect_all_reach_all("under the new profile");
        EXPECT_EQ(settled(cloud_.node()), "");
        EXPECT_EQ(cloud_.node().ctl({"check"}).exit, 0);
        stop();
        expect_talks("while the daemon is away");
    }
    start(kSecondaryIp);
    EXPECT_EQ(cloud_.agreed(), "");
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    while (!pods_.empty()) {
        del(std::next(pods_.begin(),
                      std::uniform_int_distribution<long>(0, std::ssize(pods_) - 1)(random)));
        if (pods_.size() % 10 == 0) {
            expect_talks("after others went");
            expect_all_reach_all("after others went");
        }
    }
    EXPECT_EQ(settled(cloud_.node()), "");
    EXPECT_EQ(cloud_.agreed(40s), "");
    const auto rules = cloud_.node().shell("ip rule; ip -6 rule");
    EXPECT_THAT(rules, Not(HasSubstr("512:")));
    EXPECT_THAT(rules, Not(HasSubstr("2048:")));
    stop();
    start(kVpcRoute);
    EXPECT_THAT(cloud_.node().shell("nft list ruleset"), Not(HasSubstr("chain marking")))
        << "nobody is left who needs it";
}

TEST_F(EniSwitch, WhatAFormerModeDidForItsPodsStaysAsLongAsTheyDo) {
    start(kVpcRoute);
    add(kVpcRoute, true);
    const auto chain = [&](const std::string& name) {
        return cloud_.node().shell("nft -s list chain inet terway-veth " + name + " || true");
    };
    const auto masquerade = chain("postrouting");
    EXPECT_THAT(masquerade, HasSubstr("masquerade"));
    stop();

    start(kSecondaryIp);
    EXPECT_EQ(chain("postrouting"), masquerade);
    cloud_.node().shell("nft flush ruleset");
    EXPECT_TRUE(eventually([&] { return chain("postrouting") == masquerade; }, 10s))
        << "also when somebody removes it";
    add(kSecondaryIp, true);
    const auto marking = chain("marking");
    EXPECT_THAT(marking, HasSubstr("ct mark"));
    del(pods_.begin());
    stop();

    start(kSecondaryIp);
    EXPECT_THAT(chain("postrouting"), Not(HasSubstr("masquerade")));
    stop();
    start(kVpcRoute);
    EXPECT_EQ(chain("marking"), marking);
    EXPECT_THAT(cloud_.node().shell("ip rule"), HasSubstr("600:"));
    del(pods_.begin());
    stop();
    start(kVpcRoute);
    EXPECT_THAT(chain("marking"), Not(HasSubstr("ct mark")));
    EXPECT_THAT(cloud_.node().shell("ip rule"), Not(HasSubstr("600:")));
    EXPECT_EQ(settled(cloud_.node()), "");
}

}  // namespace
}  // namespace terway::test
