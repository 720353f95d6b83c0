#include "sim/topology.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "terway/error.hpp"
#include "vpc.hpp"

namespace terway::sim {
namespace {

using ::testing::ElementsAre;

std::string complaint(const std::string& text) {
    try {
        (void)parse_topology(text, "t.toml");
    } catch (const Error& error) {
        return error.what();
    }
    return "no complaint";
}

const std::string kVpc = "[vpc]\ncidr = \"10.0.0.0/8\"\ncidr6 = \"fd00::/56\"\n";
const std::string kVSwitch = kVpc + "[[vswitch]]\nid = \"v\"\ncidr = \"10.0.0.0/24\"\n";
const std::string kNode = kVSwitch + "[[node]]\nname = \"a\"\nvswitch = \"v\"\n";

TEST(SimTopology, TheShippedTopologyHasTwoNodesWithRoutesForTheirPods) {
    const Model model = load_topology(std::string(TERWAY_TOPOLOGIES) + "/two-nodes.toml");
    EXPECT_EQ(model.primary_eni("i-node-a").primary, ip("10.0.0.10"));
    EXPECT_THAT(model.primary_eni("i-node-b").ipv6, ElementsAre(ip("fd00:10::11")));
    EXPECT_EQ(model.next_hop(model.routes().at(prefix("172.20.2.0/24")))->id, "eni-node-b");
    EXPECT_EQ(model.next_hop(model.routes().at(prefix("fd00:20:1::/64")))->id, "eni-node-a");
}

TEST(SimTopology, EveryKeyIsUnderstood) {
    const Model model = parse_topology(R"(
[vpc]
cidr = "10.0.0.0/8"
cidr6 = "fd00::/56"
answer_unallocated = false
routes_imply_forwarding = false
internet = false
[[vswitch]]
id = "v"
cidr = "10.0.0.0/24"
cidr6 = "fd00::/64"
[[node]]
name = "a"
id = "i-1"
vswitch = "v"
mac = "00:16:3e:aa:bb:cc"
address = "10.0.0.7"
secondary = ["10.0.0.8", "10.0.0.9"]
address6 = "fd00::7"
secondary6 = ["fd00::8"]
source_dest_check = false
mtu = 8500
[[eni]]
id = "eni-1"
vswitch = "v"
node = "a"
[[eni]]
id = "eni-2"
vswitch = "v"
[[route]]
destination = "172.20.1.0/24"
eni = "eni-1"
)",
                                       "t.toml");
    EXPECT_FALSE(model.vpc().answer_unallocated);
    EXPECT_FALSE(model.vpc().routes_imply_forwarding);
    EXPECT_FALSE(model.vpc().internet);
    EXPECT_EQ(model.instance("i-1").mtu, 8500U);
    const Eni& primary = model.primary_eni("i-1");
    EXPECT_EQ(primary.mac.text(), "00:16:3e:aa:bb:cc");
    EXPECT_THAT(primary.addresses(), ElementsAre(ip("10.0.0.7"), ip("10.0.0.8"), ip("10.0.0.9"),
                                                 ip("fd00::7"), ip("fd00::8")));
    EXPECT_FALSE(primary.source_dest_check);
    EXPECT_EQ(model.eni("eni-1").attachment->device, 1U);
    EXPECT_FALSE(model.eni("eni-2").attachment);
    EXPECT_EQ(model.next_hop(model.routes().at(prefix("172.20.1.0/24")))->id, "eni-1");
}

TEST(SimTopology, AComplaintNamesFileLineAndColumn) {
    EXPECT_EQ(complaint("[vpc]\ncidr = 5\n"),
              "t.toml:2:8: error: cidr of the vpc must be a string");
    EXPECT_EQ(complaint("[vpc]\ncidr = \"10.0.0.1/8\"\n"),
              "t.toml:1:1: error: the vpc: vpc: 10.0.0.1/8 has host bits set; write 10.0.0.0/8");
    EXPECT_EQ(complaint(kVpc + "cidr7 = \"x\"\n"),
              "t.toml:4:1: error: unknown key cidr7 in the vpc");
    EXPECT_EQ(complaint(kVpc + "[subnet]\n"), "t.toml:4:2: error: unknown section subnet");
    EXPECT_EQ(complaint(kVpc + "internet = 1\n"),
              "t.toml:4:12: error: internet of the vpc must be true or false");
    EXPECT_EQ(complaint(kNode + "mtu = -1\n"),
              "t.toml:10:7: error: mtu of node must be a whole number from 0 to 4294967295");
    EXPECT_EQ(complaint(kNode + "address = \"ten\"\n"),
              "t.toml:10:11: error: address of node must be an IP address, not \"ten\"");
    EXPECT_EQ(complaint(kNode + "secondary = [\"10.0.0.9\", 3]\n"),
              "t.toml:10:26: error: secondary of node must hold nothing but IP addresses");
    EXPECT_EQ(complaint(kVpc + "[vswitch]\nid = \"v\"\n"),
              "t.toml:4:1: error: vswitch is a list: write [[vswitch]]");
    EXPECT_EQ(complaint("x = 1\n"),
              "t.toml:1:1: error: unknown section x\n"
              "t.toml:1:1: error: a table [vpc] with a cidr is needed");
}

TEST(SimTopology, WhatTheModelRefusesIsAComplaintAtItsTable) {
    EXPECT_EQ(complaint(kNode + "address = \"10.0.0.253\"\n"),
              "t.toml:7:1: error: node: instance i-a: ENI eni-a: address 10.0.0.253: is reserved "
              "in vSwitch v");
    EXPECT_EQ(complaint(kNode + "[[route]]\ndestination = \"172.20.0.0/24\"\nnode = \"b\"\n"),
              "t.toml:10:1: error: route: there is no node b");
    EXPECT_EQ(complaint(kNode + "[[route]]\ndestination = \"172.20.0.0/24\"\n"),
              "t.toml:10:1: error: route: needs either a node or an eni");
    EXPECT_EQ(complaint(kVSwitch + "[[node]]\nname = \"nat\"\nvswitch = \"v\"\n"),
              "t.toml:7:1: error: node: node nat: the simulator uses this name itself; choose "
              "another");
}

TEST(SimTopology, AllComplaintsComeAtOnce) {
    const auto text = complaint(kNode + "colour = 1\n[[route]]\nnode = \"a\"\n");
    EXPECT_EQ(text,
              "t.toml:10:1: error: unknown key colour in node\n"
              "t.toml:11:1: error: route: key destination is missing");
}

TEST(SimTopology, BrokenTomlIsAComplaintToo) {
    EXPECT_EQ(complaint("[vpc\n").substr(0, 19), "t.toml:1:5: error: ");
}

TEST(SimTopology, AMissingFileIsGone) {
    try {
        (void)load_topology("/nonexistent/t.toml");
        FAIL() << "a missing file was read";
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::Gone);
    }
}

TEST(SimTopology, TheCloudsSectionsAreUnderstoodWhateverTheirOrder) {
    const Topology all = parse_whole_topology(kNode + R"(type = "mine.large"
[cloud]
attach = "2s..4s"
"throttle.CreateNetworkInterface" = "60/5"
profile = "realistic"
eni_quota = 7
retry_after = false
seed = 9
[[key]]
id = "mine"
secret = "shh"
[[key]]
id = "old"
secret = "x"
enabled = false
[[role]]
name = "terway"
instances = "i-a*"
[[instance_type]]
id = "mine.large"
enis = 3
ipv4 = 4
ipv6 = 2
)",
                                              "t.toml");
    EXPECT_EQ(all.seed, 9U);
    EXPECT_EQ(all.settings.attach, Range::parse("2s..4s")) << "the profile comes first";
    EXPECT_EQ(all.settings.create, Settings::realistic().create);
    EXPECT_EQ(all.settings.throttles.at("CreateNetworkInterface"), (Throttle{60, 5}));
    EXPECT_EQ(all.settings.eni_quota, 7U);
    EXPECT_FALSE(all.settings.retry_after);
    ASSERT_EQ(all.keys.size(), 2U);
    EXPECT_EQ(all.keys[0].secret, "shh");
    EXPECT_FALSE(all.keys[1].enabled);
    ASSERT_EQ(all.roles.size(), 1U);
    EXPECT_EQ(all.roles[0].instances, "i-a*");
    EXPECT_EQ(all.types.at("mine.large").ipv4, 4U);
    EXPECT_TRUE(all.types.contains("ecs.g7.large")) << "the known ones stay";
}

TEST(SimTopology, ATableKubeMakesACluster) {
    EXPECT_FALSE(parse_whole_topology(kNode, "t.toml").kube);
    const Topology all = parse_whole_topology(std::string(kNode) + R"(
[kube]
services = "10.96.0.0/16"
rbac = true
history = 7
listen = ""
)",
                                              "t.toml");
    ASSERT_TRUE(all.kube);
    EXPECT_EQ(all.kube->options.cluster.services.text(), "10.96.0.0/16");
    EXPECT_TRUE(all.kube->options.rbac);
    EXPECT_EQ(all.kube->options.cluster.history, 7U);
    EXPECT_EQ(all.kube->listen, "");
}

TEST(SimTopology, MistakesInTheCloudsSectionsAreNamedWithTheirPlace) {
    using ::testing::AllOf;
    using ::testing::HasSubstr;
    const auto text = complaint(kNode +
                                "[cloud]\nattach = \"soon\"\n"
                                "colour = \"red\"\n[[key]]\nid = \"half\"\n");
    EXPECT_THAT(text, AllOf(HasSubstr("t.toml:11:10: error"), HasSubstr("soon"),
                            HasSubstr("t.toml:12:10: error"), HasSubstr("colour"),
                            HasSubstr("t.toml:13:1: error"), HasSubstr("secret")));
    EXPECT_THAT(complaint(kNode + "type = \"nobody.knows\"\n"),
                HasSubstr("nobody.knows is unknown"));
}

}  // namespace
}  // namespace terway::sim
