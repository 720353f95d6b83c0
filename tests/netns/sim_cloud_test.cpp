// What the cloud's API changes, seen from inside the nodes.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>

#include "base/fd.hpp"
#include "sim/cloud/actions.hpp"
#include "sim/simulation.hpp"
#include "sim_fixture.hpp"

namespace terway::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::chrono_literals;

Topology topology() {
    Vpc vpc{prefix("10.0.0.0/8"), prefix("fd00:10::/56")};
    vpc.services = true;
    return {two_nodes(vpc), {}, {}, {}, known_instance_types(), 1};
}

class SimCloud : public ::testing::Test {
protected:
    static void SetUpTestSuite() { test::remove_orphans(kPrefix); }

    const std::string name_ = kPrefix + std::to_string(::getpid());
    Simulation simulation_{name_, topology()};

    [[nodiscard]] Netns space(const std::string& node) const {
        return Netns::open(simulation_.fabric().netns_path(node));
    }
    [[nodiscard]] std::optional<netlink::Link> nic(int netns, const std::string& name) const {
        auto socket = netlink::Socket::in(netns);
        return netlink::find_link(socket, name);
    }

    // A request from a node, from one of its addresses if it is given.
    [[nodiscard]] std::string request(const Netns& from, const std::string& to,
                                      const std::string& path,
                                      const std::string& source = {}) const {
        const NetnsScope scope(from.fd());
        const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const timeval limit{5, 0};
        ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        if (!source.empty()) {
            ::inet_pton(AF_INET, source.c_str(), &address.sin_addr);
            EXPECT_EQ(
                ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
        }
        constexpr std::uint16_t kHttp = 80;
        address.sin_port = htons(kHttp);
        ::inet_pton(AF_INET, to.c_str(), &address.sin_addr);
        EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
                  0);
        const std::string text =
            "GET " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        EXPECT_EQ(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
        std::string all;
        std::array<char, 4096> part{};
        for (ssize_t size = 1; size > 0;) {
            size = ::recv(fd.get(), part.data(), part.size(), 0);
            all.append(part.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
        }
        return all;
    }

    std::string attached_eni(const Wish& ipv4 = {}) {
        return simulation_.cloud().with([&](Cloud& cloud) {
            EniWish wish;
            wish.vswitch = "vsw";
            wish.ipv4 = ipv4;
            const std::string id = cloud.enis().create(wish, wall_now()).id;
            cloud.enis().attach(id, "i-a", wall_now());
            return id;
        });
    }
};

TEST_F(SimCloud, EachNodeFindsItsOwnMetadata) {
    const std::string path = "/latest/meta-data/instance-id";
    EXPECT_THAT(request(space("a"), kMetadataAddress, path), ::testing::EndsWith("\r\n\r\ni-a"));
    EXPECT_THAT(request(space("b"), kMetadataAddress, path), ::testing::EndsWith("\r\n\r\ni-b"));
}

TEST_F(SimCloud, TheOpenApiIsReachableFromANode) {
    EXPECT_THAT(request(space("a"), kOpenApiAddress, "/?Action=DescribeInstances"),
                ::testing::AllOf(StartsWith("HTTP/1.1 404"), HasSubstr("InvalidVersion")));
}

TEST_F(SimCloud, AnAttachedEniIsPluggedInWithItsMac) {
    const auto eni = attached_eni();
    const auto found = nic(space("a").fd(), "eth1");
    ASSERT_TRUE(found);
    EXPECT_FALSE(found->up);
    simulation_.cloud().with(
        [&](Cloud& cloud) { EXPECT_EQ(found->mac, cloud.model().eni(eni).mac); });
}

TEST_F(SimCloud, ADetachedEniIsPulledOutOfAPod) {
    const auto eni = attached_eni();
    const Netns pod = Netns::create();
    auto socket = netlink::Socket::in(space("a").fd());
    netlink::LinkChange move;
    move.netns_fd = pod.fd();
    netlink::change_link(socket, netlink::find_link(socket, "eth1").value().index, move);
    ASSERT_TRUE(nic(pod.fd(), "eth1"));
    simulation_.cloud().with([&](Cloud& cloud) { cloud.enis().tear_off(eni, wall_now()); });
    EXPECT_TRUE(test::eventually([&] { return !nic(pod.fd(), "eth1"); }));
}

TEST_F(SimCloud, AssignedPrefixesAndAddressesAreDeliveredUntilUnassigned) {
    const auto given = simulation_.cloud().with([&](Cloud& cloud) {
        const Wish prefixes{{}, {}, 0, 1};
        const Wish addresses{{}, {}, 1, 0};
        Given both = cloud.enis().assign("eni-b", Family::V4, prefixes, wall_now());
        both.addresses = cloud.enis().assign("eni-b", Family::V4, addresses, wall_now()).addresses;
        return both;
    });
    const auto reaches = [&](const IpAddress& to, Milliseconds limit) {
        const Udp receiver(space("b").fd(), to, kPort, true);
        const Udp sender(space("a").fd(), ip("10.0.0.10"), kPort, false);
        return passes(sender, ip("10.0.0.10"), receiver, to, limit);
    };
    auto node = netlink::Socket::in(space("b").fd());
    const auto eth0 = netlink::find_link(node, "eth0").value().index;
    const auto third = given.prefixes.front().address().plus(3);
    for (const auto& address : {third, given.addresses.front()}) {
        netlink::ensure_address(node, eth0, Prefix::host(address));
        EXPECT_TRUE(reaches(address, 5s)) << address.text();
    }
    simulation_.cloud().with(
        [&](Cloud& cloud) { cloud.enis().unassign("eni-b", given, wall_now()); });
    EXPECT_FALSE(reaches(third, kShort));
    EXPECT_FALSE(reaches(given.addresses.front(), kShort));
}

}  // namespace
}  // namespace terway::sim
