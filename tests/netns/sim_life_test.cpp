#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "netlink/sysctl.hpp"
#include "sim_fixture.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;

TEST_F(SimFabric, ThePrimaryNicIsConfiguredAsByDhcpAndASecondaryOneIsDownAndBare) {
    const std::string eni = model_.create_eni(in_vswitch("eni-x", "10.0.0.20")).id;
    model_.attach_eni(eni, "i-a");
    fabric_->render(model_);
    auto socket = netlink::Socket::in(space("a").fd());
    const auto eth0 = netlink::find_link(socket, "eth0").value();
    EXPECT_TRUE(eth0.up);
    EXPECT_EQ(eth0.mac, model_.eni("eni-a").mac);
    EXPECT_THAT(netlink::addresses(socket, eth0.index), Contains(prefix("10.0.0.10/24")));
    EXPECT_THAT(netlink::addresses(socket, eth0.index), Contains(prefix("fd00:10::10/64")));
    EXPECT_EQ(netlink::find_route(socket, prefix("0.0.0.0/0")).value().gateway, ip("10.0.0.253"));
    const auto eth1 = netlink::find_link(socket, "eth1").value();
    EXPECT_FALSE(eth1.up);
    EXPECT_EQ(eth1.mac, model_.eni("eni-x").mac);
    EXPECT_THAT(netlink::addresses(socket, eth1.index), IsEmpty());
    const NetnsScope scope(space("a").fd());
    EXPECT_EQ(netlink::read_sysctl("net/ipv4/ip_forward"), "1");
    EXPECT_EQ(netlink::read_sysctl("net/ipv6/conf/all/forwarding"), "1");
    EXPECT_EQ(netlink::read_sysctl("net/ipv4/conf/eth0/rp_filter"), "0");
}

TEST_F(SimFabric, AnEniIsPluggedAndUnpluggedWhileTheNodeRuns) {
    fabric_->render(model_);
    EXPECT_FALSE(nic("a", "eth1"));
    model_.create_eni(in_vswitch("eni-x", "10.0.0.20"));
    model_.attach_eni("eni-x", "i-a");
    fabric_->render(model_);
    ASSERT_TRUE(nic("a", "eth1"));
    model_.detach_eni("eni-x");
    fabric_->render(model_);
    EXPECT_FALSE(nic("a", "eth1"));
    model_.attach_eni("eni-x", "i-b");
    fabric_->render(model_);
    EXPECT_EQ(nic("b", "eth1").value().mac, model_.eni("eni-x").mac);
    raise("b", "eth1");
    auto socket = netlink::Socket::in(space("b").fd());
    netlink::ensure_address(socket, nic("b", "eth1").value().index, prefix("10.0.0.20/32"));
    EXPECT_TRUE(reaches("a", "10.0.0.10", "b", "10.0.0.20"));
}

TEST_F(SimFabric, ADetachedEniDisappearsEvenOutOfAPod) {
    model_.create_eni(in_vswitch("eni-x", "10.0.0.20"));
    model_.attach_eni("eni-x", "i-a");
    fabric_->render(model_);
    const Netns pod = Netns::create();
    auto node = netlink::Socket::in(space("a").fd());
    netlink::LinkChange move;
    move.netns_fd = pod.fd();
    netlink::change_link(node, nic("a", "eth1").value().index, move);
    fabric_->render(model_);
    auto socket = netlink::Socket::in(pod.fd());
    ASSERT_TRUE(netlink::find_link(socket, "eth1"));
    model_.detach_eni("eni-x");
    fabric_->render(model_);
    EXPECT_FALSE(netlink::find_link(socket, "eth1"));
}

TEST_F(SimFabric, RenderingTheSameModelAgainChangesNothing) {
    route_pods(model_);
    fabric_->render(model_);
    const auto before = nic("a", "eth0").value();
    fabric_->render(model_);
    EXPECT_EQ(nic("a", "eth0").value().index, before.index);
    EXPECT_TRUE(reaches("a", "10.0.0.10", "b", "10.0.0.11"));
}

TEST_F(SimFabric, ANodeCanLeaveWhileTheOthersGoOn) {
    fabric_->render(model_);
    const std::string path = fabric_->netns_path("b");
    model_.remove_instance("i-b");
    fabric_->render(model_);
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_FALSE(reaches("a", "10.0.0.10", "internet", "10.0.0.11", kShort));
    EXPECT_TRUE(drops_one("no owner", "eni-a"));
}

std::vector<std::string> namespaces_of(const std::string& name) {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator("/run/netns")) {
        if (entry.path().filename().string().starts_with(name + "-")) {
            found.push_back(entry.path().filename());
        }
    }
    return found;
}

std::vector<std::string> links_here() {
    netlink::Socket socket;
    std::vector<std::string> names;
    for (const auto& link : netlink::links(socket)) {
        names.push_back(link.name);
    }
    return names;
}

TEST_F(SimFabric, NothingRemainsAfterDestruction) {
    const auto links = links_here();
    fabric_->render(model_);
    const Netns witness = space("a");
    EXPECT_EQ(namespaces_of(name_).size(), 5U);
    EXPECT_EQ(links_here(), links);
    fabric_.reset();
    EXPECT_THAT(namespaces_of(name_), IsEmpty());
    EXPECT_THAT(registered_names(), Not(Contains(name_)));
    EXPECT_FALSE(std::filesystem::exists(state_directory(name_)));
    EXPECT_EQ(links_here(), links);
    // The fabric is gone and not only out of sight: its end of the NIC took the node's with it.
    auto socket = netlink::Socket::in(witness.fd());
    EXPECT_TRUE(eventually([&] { return !netlink::find_link(socket, "eth0"); }));
}

// No fixture: a process with threads must not fork and go on.
TEST(SimFabricKilled, WhatItLeavesIsFoundAndRemoved) {
    test::remove_orphans(kPrefix);
    const std::string name = kPrefix + std::to_string(::getpid()) + "-child";
    const pid_t child = ::fork();
    if (child == 0) {
        Fabric fabric(name);
        fabric.render(two_nodes());
        std::raise(SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(namespaces_of(name).size(), 5U);
    EXPECT_FALSE(is_running(name));
    const Netns witness = Netns::open(netns_path(name, "a"));
    EXPECT_TRUE(remove_leftovers(name));
    EXPECT_THAT(namespaces_of(name), IsEmpty());
    EXPECT_THAT(registered_names(), Not(Contains(name)));
    auto socket = netlink::Socket::in(witness.fd());
    EXPECT_TRUE(eventually([&] { return !netlink::find_link(socket, "eth0"); }));
    EXPECT_FALSE(remove_leftovers(name));
}

TEST_F(SimFabric, ANameInUseIsRefusedAndItsOwnerUnharmed) {
    fabric_->render(model_);
    EXPECT_THROW(Fabric{name_}, Error);
    EXPECT_THROW(remove_leftovers(name_), Error);
    EXPECT_TRUE(reaches("a", "10.0.0.10", "b", "10.0.0.11"));
}

}  // namespace
}  // namespace terway::sim
