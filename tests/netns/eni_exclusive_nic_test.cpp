// With a real NIC, which the kernel puts back when a sandbox dies. In a virtual machine that has
// two on one segment (tests/vm/run --nics 2): its own namespace is the host, for there they go back
// to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "exclusive_node.hpp"
#include "terway/error.hpp"

namespace terway::test {
namespace {

const Mac kEni{{0x52, 0x54, 0, 0, 0, 0}};
const Mac kGateway{{0x52, 0x54, 0, 0, 0, 1}};

std::optional<netlink::Link> nic(int netns_fd, const Mac& mac) {
    auto socket = netlink::Socket::in(netns_fd);
    return netlink::find_nic(socket, mac);
}

class RealNic : public testing::Test {
protected:
    RealNic() : module_(TERWAY_ENI_EXCLUSIVE, fake_) {
        // NOLINTNEXTLINE(concurrency-mt-unsafe)
        if (std::getenv("TERWAY_VM") == nullptr || !nic(host_.fd(), kEni)) {
            throw Error(Status::Invalid, "this test wants a virtual machine with two NICs");
        }
        const auto far = nic(host_.fd(), kGateway).value();
        auto socket = netlink::Socket::in(host_.fd());
        netlink::change_link(socket, far.index, {.name = "gateway", .netns_fd = vpc_.fd()});
        shell(vpc_, "ip link set gateway up; ip address add 10.0.1.1/24 dev gateway");
        shell(host_, "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
        const std::vector<twy_prefix> own{sdk::testing::prefix("10.0.0.2")};
        fake_.on_retire_link([](std::uint32_t ifindex) {
            netlink::Socket own_socket;
            netlink::remove_link(own_socket, ifindex);
        });
        module_.configure();
        module_.start({}, own);
        module_.prepare_eni(eni_);
        home_name_ = nic(host_.fd(), kEni)->name;
        endpoint_.eni_mac(kEni.bytes).eni_id("eni-1").address("10.0.1.10").gateway("10.0.1.1");
    }
    ~RealNic() override { module_.purge(); }

    void bring_up() {
        endpoint_.netns(pod_.fd());
        made_ = module_.attach(endpoint_);
        module_.activate(endpoint_, made_);
    }
    void expect_clean_at_home() {
        const auto link = nic(host_.fd(), kEni);
        ASSERT_TRUE(link);
        EXPECT_EQ(link->name, home_name_);
        EXPECT_EQ(link->alias, "");
        EXPECT_FALSE(link->up);
    }

    Netns host_ = Netns::current();
    Netns vpc_ = Netns::create();
    Netns pod_ = Netns::create();
    sdk::testing::FakeHost fake_;
    sdk::testing::ModuleUnderTest module_;
    sdk::testing::EniBuilder eni_ = sdk::testing::EniBuilder("eni-1").mac(kEni.bytes);
    sdk::testing::EndpointBuilder endpoint_{"c0ffee0123456789"};
    twy_attachment made_{};
    std::string home_name_;
};

TEST_F(RealNic, CarriesThePodComesHomeAndGoesOutAgain) {
    const auto pod = IpAddress::parse("10.0.1.10").value();
    const auto gateway = IpAddress::parse("10.0.1.1").value();
    for (int i = 0; i < 2; ++i) {
        bring_up();
        EXPECT_FALSE(nic(host_.fd(), kEni));
        module_.check(endpoint_);
        EXPECT_TRUE(ask(pod_, pod, gateway, vpc_, gateway));
        module_.detach(endpoint_);
        expect_clean_at_home();
    }
}

TEST_F(RealNic, IsPutBackByTheKernelWhenTheSandboxDiesAndCleanedByDetach) {
    bring_up();
    endpoint_.netns(-1);
    pod_ = Netns::create();
    ASSERT_TRUE(eventually([&] { return nic(host_.fd(), kEni).has_value(); }));
    EXPECT_NE(nic(host_.fd(), kEni)->alias, "") << "the mark is lost";
    module_.detach(endpoint_);
    expect_clean_at_home();
    module_.check_eni(eni_);
}

TEST_F(RealNic, IsPutBackByTheKernelAfterDetachAndCleanedByPrepare) {
    bring_up();
    endpoint_.netns(-1);
    module_.detach(endpoint_);
    pod_ = Netns::create();
    ASSERT_TRUE(eventually([&] { return nic(host_.fd(), kEni).has_value(); }));
    module_.prepare_eni(eni_);
    expect_clean_at_home();
}

}  // namespace
}  // namespace terway::test
