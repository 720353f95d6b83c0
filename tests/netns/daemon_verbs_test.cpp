// The verbs of CNI through the real binary and the real daemon: what they answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "kernel.hpp"
#include "netlink/link.hpp"
#include "node.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

class DaemonVerbs : public testing::Test {
protected:
    Node node_;
    std::unique_ptr<Daemon> daemon_ = node_.start();
    std::unique_ptr<Sandbox> pod_ = node_.sandbox("a");

    [[nodiscard]] CniCall call(const std::string& verb, const json::value& previous = {}) const {
        CniCall made{.verb = verb, .container = "c1", .netns = pod_->path()};
        if (!previous.is_null()) {
            made.more["prevResult"] = previous;
        }
        return made;
    }
    void TearDown() override {
        EXPECT_EQ(daemon_->stop(), 0) << daemon_->log();
        EXPECT_FALSE(daemon_->logged("Sanitizer")) << daemon_->log();
    }
};

TEST_F(DaemonVerbs, EveryVersionOfTheSpecificationGetsItsOwnFormOfResult) {
    for (const auto* version : {"0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"}) {
        SCOPED_TRACE(version);
        auto add = call("ADD");
        add.version = version;
        const auto added = node_.cni(add);
        ASSERT_TRUE(added.ok()) << added.out;
        EXPECT_EQ(added.json.at("cniVersion"), version);
        ASSERT_EQ(added.json.at("ips").as_array().size(), 2U);
        const auto& ip = added.json.at("ips").at(0).as_object();
        EXPECT_EQ(ip.contains("version"), std::string(version) < "1.0.0") << added.out;
        const auto& link = added.json.at("interfaces").at(0).as_object();
        EXPECT_EQ(link.contains("mtu"), std::string(version) == "1.1.0") << added.out;

        if (std::string(version) >= "0.4.0") {
            auto check = call("CHECK", added.json);
            check.version = version;
            const auto checked = node_.cni(check);
            EXPECT_TRUE(checked.ok()) << checked.out;
            EXPECT_EQ(checked.out, "");
        }
        auto del = call("DEL", added.json);
        del.version = version;
        EXPECT_TRUE(node_.cni(del).ok());
        EXPECT_EQ(settled(node_), "");
    }
}

TEST_F(DaemonVerbs, AResultListsBothInterfacesTheAddressesTheRoutesAndTheMtu) {
    const auto added = node_.cni(call("ADD"));
    ASSERT_TRUE(added.ok()) << added.out;
    const auto& interfaces = added.json.at("interfaces").as_array();
    ASSERT_EQ(interfaces.size(), 2U);
    EXPECT_EQ(interfaces[0].as_object().if_contains("sandbox"), nullptr);
    EXPECT_EQ(interfaces[1].at("name"), "eth0");
    EXPECT_EQ(interfaces[1].at("sandbox"), json::value(pod_->path()));
    EXPECT_EQ(interfaces[1].at("mtu"), 1500);

    auto host = netlink::Socket::in(node_.fd());
    auto pod = netlink::Socket::in(pod_->fd());
    const auto host_link = netlink::find_link(host, added.host_link());
    const auto pod_link = netlink::find_link(pod, "eth0");
    ASSERT_TRUE(host_link && pod_link);
    EXPECT_EQ(interfaces[0].at("mac"), json::value(host_link->mac.text()));
    EXPECT_EQ(interfaces[1].at("mac"), json::value(pod_link->mac.text()));
    EXPECT_EQ(pod_link->mtu, 1500U);

    EXPECT_EQ(added.v4().text(), "172.20.1.1");
    EXPECT_EQ(added.v6().text(), "fd00:20:1::1");
    for (const auto& ip : added.json.at("ips").as_array()) {
        EXPECT_EQ(ip.at("interface"), 1);
        EXPECT_TRUE(ip.as_object().contains("gateway"));
    }
    const auto& routes = added.json.at("routes").as_array();
    ASSERT_EQ(routes.size(), 2U);
    EXPECT_EQ(routes[0].at("dst"), "0.0.0.0/0");
    EXPECT_EQ(routes[0].at("gw"), "169.254.1.1");
    EXPECT_EQ(routes[1].at("dst"), "::/0");
    EXPECT_EQ(routes[1].at("gw"), "fe80::1");
    EXPECT_EQ(settled(node_), "");
}

TEST_F(DaemonVerbs, TheMtuAndTheDnsOfTheConfigurationAreObeyed) {
    auto add = call("ADD");
    add.more["mtu"] = 1400;
    add.more["dns"] = json::object{{"nameservers", json::array{"10.0.0.10"}},
                                   {"search", json::array{"svc.cluster.local"}}};
    const auto added = node_.cni(add);
    ASSERT_TRUE(added.ok()) << added.out;
    EXPECT_EQ(added.json.at("interfaces").at(1).at("mtu"), 1400);
    EXPECT_EQ(added.json.at("dns").at("nameservers").at(0), "10.0.0.10");
    EXPECT_EQ(added.json.at("dns").at("search").at(0), "svc.cluster.local");
    EXPECT_THAT(Node::shell("ip -o link show eth0", pod_->fd()), HasSubstr("mtu 1400"));
}

TEST_F(DaemonVerbs, AResultOfAnEarlierPluginIsEchoedAndOursIsAddedToIt) {
    const json::value earlier{
        {"cniVersion", "1.1.0"},
        {"interfaces", {{{"name", "net1"}, {"mac", "02:00:00:00:00:01"}, {"sandbox", "/x"}}}},
        {"ips", {{{"address", "10.9.0.5/24"}, {"interface", 0}}}},
        {"routes", {{{"dst", "10.8.0.0/16"}, {"gw", "10.9.0.1"}}}},
        {"dns", {{"nameservers", {"9.9.9.9"}}}}};
    const auto added = node_.cni(call("ADD", earlier));
    ASSERT_TRUE(added.ok()) << added.out;
    const auto& interfaces = added.json.at("interfaces").as_array();
    ASSERT_EQ(interfaces.size(), 3U);
    EXPECT_EQ(interfaces[0].at("name"), "net1");
    EXPECT_EQ(interfaces[2].at("name"), "eth0");
    const auto& ips = added.json.at("ips").as_array();
    ASSERT_EQ(ips.size(), 3U);
    EXPECT_EQ(ips[0].at("address"), "10.9.0.5/24");
    EXPECT_EQ(ips[0].at("interface"), 0);
    EXPECT_EQ(ips[1].at("interface"), 2) << "ours is behind the earlier ones";
    EXPECT_EQ(added.json.at("routes").at(0).at("dst"), "10.8.0.0/16");
    EXPECT_EQ(added.json.at("dns").at("nameservers").at(0), "9.9.9.9");

    const auto checked = node_.cni(call("CHECK", added.json));
    EXPECT_TRUE(checked.ok()) << checked.out;
}

TEST_F(DaemonVerbs, CheckNamesWhatIsMissing) {
    const auto added = node_.cni(call("ADD"));
    ASSERT_TRUE(added.ok()) << added.out;
    ASSERT_TRUE(node_.cni(call("CHECK", added.json)).ok());

    // The daemon may be looking at what ADD itself changed, and put this right.
    CniReply checked;
    EXPECT_TRUE(eventually([&] {
        Node::shell("ip -4 addr flush dev eth0", pod_->fd());
        checked = node_.cni(call("CHECK", added.json));
        return checked.exit != 0;
    }));
    EXPECT_THAT(checked.message(), HasSubstr("172.20.1.1"));
}

TEST_F(DaemonVerbs, CheckOfAnUnknownContainerFailsWithCodeThree) {
    const auto checked =
        node_.cni(call("CHECK", json::object{{"cniVersion", "1.1.0"}, {"ips", json::array{}}}));
    EXPECT_EQ(checked.code(), 3) << checked.out;
}

TEST_F(DaemonVerbs, GcRemovesWhatIsNotListedAndNothingOfAnotherNetwork) {
    const auto other = node_.sandbox("b");
    const auto foreign = node_.sandbox("c");
    ASSERT_TRUE(node_.add("keep", *pod_).ok());
    ASSERT_TRUE(node_.add("drop", *other).ok());
    ASSERT_TRUE(node_
                    .cni({.verb = "ADD",
                          .container = "foreign",
                          .netns = foreign->path(),
                          .network = "another"})
                    .ok());
    const auto collected = node_.cni(
        {.verb = "GC",
         .more = {{"cni.dev/valid-attachments",
                   json::array{json::object{{"containerID", "keep"}, {"ifname", "eth0"}}}}}});
    ASSERT_TRUE(collected.ok()) << collected.out;
    EXPECT_EQ(collected.out, "");
    std::set<std::string> left;
    const auto records = node_.ctl_json("endpoints");
    for (const auto& record : records.as_array()) {
        left.insert(std::string(record.at("container_id").as_string()));
    }
    EXPECT_EQ(left, (std::set<std::string>{"keep", "foreign"}));
    EXPECT_EQ(settled(node_), "");
}

TEST_F(DaemonVerbs, GcWithoutAListRemovesNothing) {
    ASSERT_TRUE(node_.add("keep", *pod_).ok());
    const auto collected = node_.cni({.verb = "GC"});
    EXPECT_NE(collected.exit, 0);
    EXPECT_EQ(node_.ctl_json("endpoints").as_array().size(), 1U);
}

TEST_F(DaemonVerbs, StatusSucceedsSilentlyWhileAllIsWell) {
    const auto status = node_.status();
    EXPECT_TRUE(status.ok()) << status.out;
    EXPECT_EQ(status.out, "");
}

TEST_F(DaemonVerbs, AddAndDelLeaveTheNodeAndTheSandboxAsTheyWere) {
    const auto node_before = snapshot(node_.fd());
    const auto pod_before = snapshot(pod_->fd());
    for (int round = 0; round < 2; ++round) {
        ASSERT_TRUE(node_.add("c1", *pod_).ok());
        EXPECT_NE(snapshot(node_.fd()), node_before);
        ASSERT_TRUE(node_.del("c1", *pod_).ok());
        EXPECT_EQ(settled(node_), "");
    }
    EXPECT_EQ(changes(node_before, snapshot(node_.fd())), "");
    EXPECT_EQ(changes(pod_before, snapshot(pod_->fd())), "");
}

TEST_F(DaemonVerbs, TheSandboxMayHaveSeveralInterfaces) {
    auto second = call("ADD");
    second.ifname = "net1";
    ASSERT_TRUE(node_.cni(call("ADD")).ok());
    // The default route is there already, and is replaced: the later interface wins.
    const auto added = node_.cni(second);
    ASSERT_TRUE(added.ok()) << added.out;
    EXPECT_EQ(settled(node_), "");
    auto del = call("DEL");
    del.ifname = "net1";
    EXPECT_TRUE(node_.cni(del).ok());
    EXPECT_EQ(settled(node_), "");
    EXPECT_EQ(node_.ctl_json("endpoints").as_array().size(), 1U);
}

}  // namespace
}  // namespace terway::test
