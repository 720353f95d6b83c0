// An ENI goes into a pod and comes home, whatever happens.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exclusive_node.hpp"
#include "netlink/route.hpp"
#include "netlink/sysctl.hpp"
#include "terway/error.hpp"

namespace terway::test {
namespace {

using testing::HasSubstr;

class ExclusiveLife : public testing::Test {
protected:
    void expect_home(const ExclusivePod& pod, const std::string& name) {
        const auto link = node_.at_home(pod);
        ASSERT_TRUE(link) << "the ENI is not on the node";
        EXPECT_EQ(link->name, name);
        EXPECT_FALSE(link->up);
        EXPECT_EQ(link->alias, "");
        auto socket = netlink::Socket::in(node_.host().fd());
        EXPECT_THAT(netlink::addresses(socket, link->index), testing::IsEmpty());
    }
    std::string failure(const std::function<void()>& verb) {
        try {
            verb();
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    }
    std::string spare_name(const ExclusivePod& pod) {
        auto name = "eni" + pod.mac.text();
        name.erase(std::remove(name.begin(), name.end(), ':'), name.end());
        return name;
    }
    // As the kernel does with a NIC whose namespace dies.
    void put_back_by_kernel(ExclusivePod& pod, const std::string& name) {
        shell(pod.netns, "ip link set eth0 name " + name);
        auto socket = netlink::Socket::in(pod.netns.fd());
        const auto link = netlink::find_link(socket, name);
        netlink::change_link(socket, link->index, {.netns_fd = node_.host().fd()});
        pod.netns = Netns::create();
        pod.endpoint.netns(-1);
    }

    ExclusiveNode node_;
};

TEST_F(ExclusiveLife, TheAttachmentNamesBothLinksOfThePod) {
    auto& pod = node_.pod();
    const auto eni = ExclusiveNode::link(pod.netns.fd(), "eth0");
    const auto side = ExclusiveNode::link(pod.netns.fd(), "veth1");
    ASSERT_TRUE(eni && side);
    EXPECT_EQ(eni->mac, pod.mac);
    EXPECT_EQ(pod.made.pod_ifindex, eni->index);
    EXPECT_EQ(pod.made.side_ifindex, side->index);
    EXPECT_EQ(pod.made.host_ifindex, 0U);
    EXPECT_STREQ(pod.made.host_ifname, "");
    EXPECT_EQ(pod.made.gateway_count, 2U);
    EXPECT_FALSE(node_.at_home(pod));
    const NetnsScope scope(pod.netns.fd());
    for (const auto* name : {"eth0", "veth1"}) {
        EXPECT_EQ(netlink::read_sysctl("net/ipv6/conf/" + std::string(name) + "/accept_ra"), "0");
    }
}

TEST_F(ExclusiveLife, TheEniComesHomeUnderItsOwnNameAndGoesOutAgain) {
    auto& pod = node_.pod();
    node_.detach(pod);
    expect_home(pod, "eth1");
    node_.detach(pod);
    expect_home(pod, "eth1");
    node_.attach(pod);
    node_.activate(pod);
    node_.on_host([&] { node_.module().check(pod.endpoint); });
}

TEST_F(ExclusiveLife, TheEniComesHomeUnderASpareNameWhereItsOwnIsTaken) {
    auto& pod = node_.pod();
    shell(node_.host(), "ip link add eth1 type veth peer name other");
    node_.detach(pod);
    expect_home(pod, spare_name(pod));
}

TEST_F(ExclusiveLife, TheEniComesHomeUnderASpareNameFromALinkWhoseNameIsFreeAtHome) {
    auto& pod = node_.plug();
    pod.endpoint = sdk::testing::EndpointBuilder("other", "net1")
                       .netns(pod.netns.fd())
                       .eni_mac(pod.mac.bytes)
                       .eni_id("eni-1")
                       .address("10.0.1.10")
                       .gateway("10.0.1.1");
    node_.attach(pod);
    shell(node_.host(), "ip link add eth1 type veth peer name other");
    node_.detach(pod);
    expect_home(pod, spare_name(pod));
}

TEST_F(ExclusiveLife, ASandboxThatHasTheNameAlreadyIsRefusedAndTheEniComesHome) {
    auto& pod = node_.plug();
    shell(pod.netns, "ip link add eth0 type veth peer name other");
    EXPECT_THAT(failure([&] { node_.attach(pod); }),
                HasSubstr("the sandbox already has a link eth0"));
    node_.detach(pod);
    expect_home(pod, "eth1");
    EXPECT_TRUE(ExclusiveNode::link(pod.netns.fd(), "eth0"));
}

TEST_F(ExclusiveLife, ALinkThatIsBeingRetiredGivesItsNameWay) {
    auto& pod = node_.plug();
    auto socket = netlink::Socket::in(node_.host().fd());
    netlink::VethEnd old_end;
    old_end.name = "calibefore";
    old_end.group = TWY_RETIRED_LINK_GROUP;
    netlink::VethEnd in_pod;
    in_pod.name = "eth0";
    in_pod.netns_fd = pod.netns.fd();
    netlink::create_veth(socket, old_end, in_pod);
    node_.attach(pod);
    node_.activate(pod);
    node_.on_host([&] { node_.module().check(pod.endpoint); });
}

TEST_F(ExclusiveLife, AnEniThatWasMovedButNotRenamedComesHome) {
    auto& pod = node_.plug();
    shell(node_.host(),
          "ip link set eth1 alias 'terway " + pod.endpoint.container_id() + "/eth0 home eth1'");
    auto socket = netlink::Socket::in(node_.host().fd());
    netlink::change_link(socket, node_.at_home(pod)->index, {.netns_fd = pod.netns.fd()});
    node_.detach(pod);
    expect_home(pod, "eth1");
}

TEST_F(ExclusiveLife, AnEniThatThePodStrippedOfItsMarkComesHome) {
    auto& pod = node_.pod();
    shell(pod.netns, "ip link set eth0 alias ''; ip link set eth0 mtu 1400");
    node_.detach(pod);
    expect_home(pod, spare_name(pod));
    EXPECT_EQ(node_.at_home(pod)->mtu, 1500U);
}

TEST_F(ExclusiveLife, AnEniIsFoundByItsMarkWhereNobodyRemembersItsMac) {
    auto& pod = node_.pod();
    auto key = pod.endpoint.key_alone();
    key.netns(pod.netns.fd());
    node_.on_host([&] { node_.module().detach(key); });
    expect_home(pod, "eth1");
}

TEST_F(ExclusiveLife, AnEniThatAnotherPodHasStaysThere) {
    auto& pod = node_.pod();
    auto stale = sdk::testing::EndpointBuilder("before", "eth0");
    stale.netns(pod.netns.fd()).eni_mac(pod.mac.bytes);
    node_.on_host([&] { node_.module().detach(stale); });
    EXPECT_FALSE(node_.at_home(pod));
    node_.on_host([&] { node_.module().check(pod.endpoint); });
}

TEST_F(ExclusiveLife, AnEniThatTheKernelPutBackIsCleanedByDetach) {
    auto& pod = node_.pod();
    put_back_by_kernel(pod, "dev7");
    node_.detach(pod);
    expect_home(pod, "eth1");
}

TEST_F(ExclusiveLife, AnEniThatTheKernelPutBackAfterDetachIsCleanedByPrepare) {
    auto& pod = node_.pod();
    const int sandbox = pod.endpoint.netns_fd();
    pod.endpoint.netns(-1);
    node_.detach(pod);
    pod.endpoint.netns(sandbox);
    put_back_by_kernel(pod, "dev7");
    sdk::testing::EniBuilder eni("eni-1");
    eni.mac(pod.mac.bytes);
    EXPECT_THAT(failure([&] { node_.on_host([&] { node_.module().check_eni(eni); }); }),
                HasSubstr("marked as lent"));
    node_.on_host([&] { node_.module().prepare_eni(eni); });
    expect_home(pod, "eth1");
    node_.on_host([&] { node_.module().check_eni(eni); });
}

TEST_F(ExclusiveLife, AnEniThatAPodHasIsGoneForTheVerbsOfEnis) {
    auto& pod = node_.pod();
    sdk::testing::EniBuilder eni("eni-1");
    eni.mac(pod.mac.bytes);
    try {
        node_.on_host([&] { node_.module().prepare_eni(eni); });
        FAIL() << "prepare succeeds";
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::Gone);
    }
}

TEST_F(ExclusiveLife, TheUplinkIsNotLent) {
    const auto uplink = ExclusiveNode::link(node_.host().fd(), "eth0").value();
    sdk::testing::EniBuilder eni("eni-0");
    eni.mac(uplink.mac.bytes);
    EXPECT_THAT(failure([&] { node_.on_host([&] { node_.module().prepare_eni(eni); }); }),
                HasSubstr("is the node's uplink"));
    auto& pod = node_.plug();
    pod.endpoint.eni_mac(uplink.mac.bytes).eni(uplink.index);
    EXPECT_THAT(failure([&] { node_.attach(pod); }), HasSubstr("is the node's uplink"));
    EXPECT_TRUE(ExclusiveNode::link(node_.host().fd(), "eth0")->up);
}

TEST_F(ExclusiveLife, AnEniThatIsNotOnTheNodeIsWorthAnotherTry) {
    auto& pod = node_.plug();
    shell(node_.host(), "ip link delete eth1");
    try {
        node_.attach(pod);
        FAIL() << "attach succeeds";
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::Retry);
        EXPECT_THAT(error.what(), HasSubstr("eni-1"));
    }
    node_.detach(pod);
}

TEST_F(ExclusiveLife, APodKeepsItsPeerWhenTheNodeNoLongerMakesPeers) {
    auto& pod = node_.pod();
    const auto made = pod.made;
    sdk::testing::ConfigTable none;
    none.boolean("host_peer", false);
    const std::vector<twy_prefix> own{sdk::testing::prefix("10.0.0.2"),
                                      sdk::testing::prefix("fd00::2")};
    node_.on_host([&] {
        node_.module().configure(none);
        node_.module().start({}, own);
        EXPECT_EQ(node_.module().adopt(pod.endpoint).side_ifindex, made.side_ifindex);
        node_.module().check(pod.endpoint);
    });
}

TEST_F(ExclusiveLife, AdoptPutsBackWhatWasRemovedInThePod) {
    auto& pod = node_.pod();
    shell(pod.netns,
          "ip link set eth0 down; ip route delete 192.168.0.0/16; "
          "ip address delete 10.0.1.10/32 dev veth1");
    EXPECT_NE(failure([&] { node_.on_host([&] { node_.module().check(pod.endpoint); }); }), "");
    node_.on_host([&] {
        (void)node_.module().adopt(pod.endpoint);
        node_.module().check(pod.endpoint);
    });
}

TEST_F(ExclusiveLife, AdoptSaysThatThePodIsGoneWhenItsEniIsHome) {
    auto& pod = node_.pod();
    put_back_by_kernel(pod, "dev7");
    try {
        node_.on_host([&] { (void)node_.module().adopt(pod.endpoint); });
        FAIL() << "adopt succeeds";
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::Gone);
    }
}

}  // namespace
}  // namespace terway::test
