// Which modules serve which pod: rules, fallbacks, pairs, and profiles that change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <map>

#include "kernel.hpp"
#include "node.hpp"
#include "stream.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

namespace json = boost::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

struct Pod {
    std::unique_ptr<Sandbox> sandbox;
    CniReply added;
};

CniCall more(const char* members) {
    CniCall call;
    call.more = json::parse(members).as_object();
    return call;
}

class DaemonChain : public testing::Test {
protected:
    Pod& add(const std::string& name, CniCall call = {}) {
        auto& pod = pods_[name];
        pod.sandbox = node_.sandbox(name);
        call.verb = "ADD";
        call.container = name;
        call.netns = pod.sandbox->path();
        pod.added = node_.cni(call);
        EXPECT_TRUE(pod.added.ok()) << name << ": " << pod.added.out;
        return pod;
    }

    void del(const std::string& name) {
        EXPECT_TRUE(node_.del(name, *pods_.at(name).sandbox).ok()) << name;
        pods_.erase(name);
    }

    // "veth+trial", by the daemon's word.
    std::string chain_of(const std::string& name) {
        const auto records = node_.ctl_json("endpoints");
        for (const auto& record : records.as_array()) {
            if (record.at("container_id").as_string() == name.c_str()) {
                std::string text;
                for (const auto& pin : record.at("chain").as_array()) {
                    text += (text.empty() ? "" : "+") + std::string(pin.at("id").as_string());
                }
                return text;
            }
        }
        return "";
    }

    void expect_all_talk() {
        for (const auto& [from, a] : pods_) {
            for (const auto& [to, b] : pods_) {
                if (from != to) {
                    EXPECT_TRUE(ping(a.sandbox->fd(), b.added.v4())) << from << " to " << to;
                    EXPECT_TRUE(ping(a.sandbox->fd(), b.added.v6())) << from << " to " << to;
                }
            }
        }
    }

    // Starts a daemon that must end by itself with this exit status; its log.
    std::string expect_refusal(ExitCode exit) {
        const auto daemon = node_.launch();
        EXPECT_FALSE(daemon->serves());
        EXPECT_EQ(daemon->wait(), exit) << daemon->log();
        return daemon->log();
    }

    static Settings open() {
        Settings settings;
        settings.modules = "[policy]\nstartup = \"allow\"\n";
        return settings;
    }

    Node node_{open()};
    std::map<std::string, Pod> pods_;
};

constexpr const char* kClasses =
    "\n[[chain.when]]\nresource = \"aliyun/eni\"\ndataplane = \"other\"\n"
    "[[chain.when]]\nnamespace = \"kube-*\"\npolicy = \"picky\"\n"
    "[[chain.when]]\nlabel = \"limit=yes\"\nqos = \"trial\"\n"
    "[[chain.when]]\nannotation = \"example.com/limit\"\nqos = \"trial\"\npolicy = \"picky\"\n";

TEST_F(DaemonChain, PodsOfEveryClassStandSideBySideAndGoInAnyOrder) {
    node_.settings().chain = kClasses;
    auto daemon = node_.start();
    add("plain");
    add("system", {.args = "K8S_POD_NAMESPACE=kube-system;K8S_POD_NAME=dns"});
    add("whole", {.args = "K8S_POD_NAMESPACE=kube-system;TERWAY_RESOURCES=aliyun/eni:1"});
    add("whole2", more(R"({"args": {"terway": {"resources": {"aliyun/eni": 1}}}})"));
    add("labelled", more(R"({"args": {"cni": {"labels": [{"key": "limit", "value": "yes"}]}}})"));
    add("annotated", more(R"({"runtimeConfig": {"io.kubernetes.cri.pod-annotations":
                              {"example.com/limit": "3"}}})"));
    const std::map<std::string, std::string> expected{
        {"plain", "veth"},   {"system", "veth+picky"},   {"whole", "other"},
        {"whole2", "other"}, {"labelled", "veth+trial"}, {"annotated", "veth+trial+picky"}};
    const auto expect_chains = [&] {
        for (const auto& [name, pod] : pods_) {
            EXPECT_EQ(chain_of(name), expected.at(name)) << name;
        }
    };
    expect_chains();
    expect_all_talk();

    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
    node_.settings().chain += "[[chain.when]]\nnamespace = \"*\"\nqos = \"trial\"\n";
    daemon = node_.start();
    EXPECT_TRUE(daemon->logged("kept=6 gone=0 finished=0 failed=0")) << daemon->log();
    expect_chains();
    expect_all_talk();
    for (const auto* name : {"whole", "plain", "annotated", "whole2", "labelled", "system"}) {
        del(name);
        expect_all_talk();
    }
    EXPECT_EQ(settled(node_), "");
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
}

TEST_F(DaemonChain, AMalformedFactFailsTheAddAndNamesIt) {
    const auto daemon = node_.start();
    const auto pod = node_.sandbox("a");
    const auto added = node_.cni({.verb = "ADD",
                                  .container = "a",
                                  .netns = pod->path(),
                                  .args = "TERWAY_RESOURCES=aliyun/eni:many"});
    EXPECT_EQ(added.code(), 4) << added.out;
    EXPECT_THAT(added.message(), HasSubstr("TERWAY_RESOURCES: \"aliyun/eni:many\""));
}

TEST_F(DaemonChain, ABandwidthThatIsNoneFailsTheAddAndSaysWhatWouldBeOne) {
    const auto daemon = node_.start();
    const auto pod = node_.sandbox("a");
    auto call = more(R"({"runtimeConfig": {"io.kubernetes.cri.pod-annotations":
                         {"k8s.aliyun.com/egress-bandwidth": "fast"}}})");
    call.verb = "ADD";
    call.container = "a";
    call.netns = pod->path();
    const auto added = node_.cni(call);
    EXPECT_NE(added.exit, 0);
    EXPECT_THAT(added.message(), HasSubstr("k8s.aliyun.com/egress-bandwidth: \"fast\""));
    EXPECT_EQ(settled(node_), "");
}

TEST_F(DaemonChain, AnotherProfileServesNewPodsAndLeavesOldOnesTheirChain) {
    auto daemon = node_.start();
    add("old");
    const Stream out(pods_.at("old").sandbox->fd(), node_.outside_fd(),
                     IpAddress::parse(Node::kOutside4).value());
    const auto rules = [&] {
        return node_.shell("nft -s list table inet terway-veth", node_.fd());
    };
    const auto before = rules();
    EXPECT_EQ(daemon->stop(), 0);

    node_.settings().dataplane = "other";
    daemon = node_.start();
    EXPECT_TRUE(daemon->logged("kept=1 gone=0 finished=0 failed=0")) << daemon->log();
    EXPECT_EQ(rules(), before) << "with the settings of its own profile";
    add("new");
    EXPECT_EQ(chain_of("old"), "veth");
    EXPECT_EQ(chain_of("new"), "other");
    EXPECT_TRUE(out.carries("still here"));
    expect_all_talk();
    EXPECT_TRUE(node_.cni({.verb = "STATUS"}).ok());
    EXPECT_EQ(node_.ctl({"check"}).exit, 0) << node_.ctl({"check"}).out;
    EXPECT_EQ(daemon->stop(), 0);

    node_.settings().dataplane = "veth";
    daemon = node_.start();
    EXPECT_TRUE(daemon->logged("kept=2 gone=0 finished=0 failed=0")) << daemon->log();
    add("newest");
    EXPECT_EQ(chain_of("newest"), "veth");
    expect_all_talk();
    del("new");
    expect_all_talk();
    del("old");
    del("newest");
    EXPECT_EQ(settled(node_), "");
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();

    node_.settings().dataplane = "other";
    daemon = node_.start();
    EXPECT_THAT(node_.ctl({"modules"}).out, Not(HasSubstr("veth"))) << "nobody needs it any more";
}

TEST_F(DaemonChain, ADelOfAnUnknownEndpointReachesEveryDataplaneOfTheProfile) {
    node_.settings().chain = kClasses;
    auto daemon = node_.start();
    const auto before = snapshot(node_.fd());
    add("plain");
    add("whole", {.args = "TERWAY_RESOURCES=aliyun/eni"});
    daemon->kill();
    for (const auto* file : {"/terway.db", "/terway.db-wal", "/terway.db-shm"}) {
        ::unlink((node_.state() + file).c_str());
    }
    daemon = node_.start();
    EXPECT_EQ(node_.ctl_json("endpoints").as_array().size(), 0U);
    del("whole");
    del("plain");
    EXPECT_TRUE(eventually([&] { return changes(before, snapshot(node_.fd())).empty(); }))
        << changes(before, snapshot(node_.fd()));
}

TEST_F(DaemonChain, WhereADataplaneCannotRunNewPodsGetItsFallbackAndEverybodyIsTold) {
    node_.settings().dataplane = "lame";
    node_.settings().chain =
        "fallback = \"veth\"\npolicy = \"picky\"\n"
        "[[chain.when]]\nnamespace = \"a\"\nqos = \"trial\"\n";
    auto daemon = node_.start();
    add("one");
    add("two", {.args = "K8S_POD_NAMESPACE=a;K8S_POD_NAME=x"});
    EXPECT_EQ(chain_of("one"), "veth+picky");
    EXPECT_EQ(chain_of("two"), "veth+trial+picky");
    expect_all_talk();
    EXPECT_THAT(daemon->log(), AllOf(HasSubstr("event=DataplaneFallback"), HasSubstr("from=lame"),
                                     HasSubstr("to=veth"), HasSubstr("kernel>=4000.1")));
    EXPECT_THAT(node_.ctl({"status"}).out,
                HasSubstr("new pods get veth in place of lame: kernel>=4000.1"));
    EXPECT_THAT(node_.http("/metrics"),
                HasSubstr("terway_chain_fallback{from=\"lame\",to=\"veth\"} 1"));
    const auto preflight = node_.run_daemon({"--preflight", "--profile", node_.profile()});
    EXPECT_EQ(preflight.exit, 0) << preflight.out;
    EXPECT_THAT(preflight.out, HasSubstr("new pods get the fallback veth in place of lame"));
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();

    node_.settings().dataplane = "veth";
    node_.settings().chain = "fallback = \"lame\"\npolicy = \"picky\"\n";
    daemon = node_.start();
    EXPECT_THAT(daemon->log(), AllOf(HasSubstr("a fallback is of no use here"),
                                     Not(HasSubstr("DataplaneFallback"))));
    EXPECT_THAT(node_.ctl({"status"}).out, Not(HasSubstr("in place of")));
    EXPECT_THAT(node_.http("/metrics"), Not(HasSubstr("terway_chain_fallback")));
    del("one");
    del("two");
    EXPECT_EQ(settled(node_), "");
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
}

TEST_F(DaemonChain, WithoutAFallbackThatRunsTheDaemonDoesNotStart) {
    node_.settings().dataplane = "lame";
    EXPECT_THAT(expect_refusal(3),
                AllOf(HasSubstr("dataplane lame cannot run here"), HasSubstr("names no fallback")));
    node_.settings().chain = "fallback = \"veth\"\n";
    node_.shell("sysctl -qw net.ipv4.ip_forward=0", node_.fd());
    EXPECT_THAT(expect_refusal(3),
                AllOf(HasSubstr("dataplane lame cannot run here: kernel>=4000.1"),
                      HasSubstr("nor can its fallback veth: sysctl:net.ipv4.ip_forward=1")));
}

TEST_F(DaemonChain, AChainWhoseModulesDoNotGoTogetherIsRefusedAtItsPlace) {
    node_.settings().chain =
        "policy = \"picky\"\n[[chain.when]]\nnamespace = \"a\"\ndataplane = \"other\"\n";
    const auto log = expect_refusal(2);
    EXPECT_THAT(log, HasSubstr(node_.profile() +
                               ":5:1: error: module picky needs a dataplane with host-link, and "
                               "other offers pod-link"));
    EXPECT_EQ(node_.run_daemon({"--check-config", node_.profile()}).exit, 2);
    node_.settings().chain += "policy = false\n";
    EXPECT_TRUE(node_.start()->logged("serving"));
}

}  // namespace
}  // namespace terway::test
