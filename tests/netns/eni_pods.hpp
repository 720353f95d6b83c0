// Pods on the ENIs of a node of the simulated cloud, and the traffic tests ask of them.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cloud_node.hpp"
#include "packet.hpp"
#include "stream.hpp"

namespace terway::test {

inline IpAddress ip(const char* text) {
    return IpAddress::parse(text).value();
}

struct Pod {
    std::unique_ptr<Sandbox> sandbox;
    CniReply added;

    [[nodiscard]] int fd() const { return sandbox->fd(); }
    [[nodiscard]] IpAddress address(Family family) const {
        return family == Family::V4 ? added.v4() : added.v6();
    }
};

// One family a test; all pods have both. The daemon is not started yet.
class EniPods : public testing::TestWithParam<Family> {
protected:
    static constexpr std::uint16_t kClient = 5000;
    static constexpr std::uint16_t kServer = 8080;

    static CloudSettings dual() { return {.pool = "families = \"dual\"\nmin_idle = 1"}; }

    Pod make_pod(const std::string& name) {
        Pod pod{cloud_.node().sandbox(name), {}};
        pod.added = cloud_.node().add(name, *pod.sandbox);
        EXPECT_TRUE(pod.added.ok()) << pod.added.out;
        return pod;
    }

    // The first two pods on different ENIs.
    std::pair<Pod, Pod> pods_on_two_enis() {
        auto first = make_pod("p0");
        for (int i = 1; i < 12; ++i) {
            auto next = make_pod("p" + std::to_string(i));
            if (home_of(next) != home_of(first)) {
                check_sources();
                return {std::move(first), std::move(next)};
            }
            between_.push_back(std::move(next));
        }
        throw Error(Status::Internal, "all pods are on one ENI");
    }

    // From now on an ENI may send from its own addresses only; those that are made do not mind.
    void check_sources() {
        cloud_.cloud().with([](sim::Cloud& all) {
            for (const auto& [id, _] : all.enis().now()) {
                all.enis().model().set_source_dest_check(id, true);
            }
        });
    }

    std::string home_of(const Pod& pod) {
        for (const auto& [id, eni] : cloud_.enis()) {
            if (eni.addresses.contains(pod.added.v4())) {
                return id;
            }
        }
        return "";
    }

    // A datagram from one port to another and its answer; whom the server saw, nothing if one of
    // the two got lost.
    static std::optional<IpAddress> exchange(int from_netns, const IpAddress& from,
                                             const IpAddress& to, int server_netns,
                                             const IpAddress& server_address,
                                             std::chrono::milliseconds limit = patience()) {
        const Udp client(from_netns, from, kClient);
        const Udp server(server_netns, server_address, kServer);
        client.send(to, kServer, "question");
        const auto asked = server.receive(limit);
        if (!asked) {
            return std::nullopt;
        }
        server.send(asked->from, asked->port, "answer");
        const auto answered = client.receive(limit);
        return answered && answered->from == to ? std::optional(asked->from) : std::nullopt;
    }

    void redirect(const std::string& hook, const IpAddress& from, const IpAddress& to) const {
        const std::string family = from.is_v4() ? "ip" : "ip6";
        cloud_.node().shell("nft add table " + family + " portmap; nft 'add chain " + family +
                            " portmap " + hook + " { type nat hook " + hook +
                            " priority dstnat; }'; nft add rule " + family + " portmap " + hook +
                            " " + family + " daddr " + from.text() + " udp dport 8080 dnat to " +
                            to.text());
    }

    [[nodiscard]] static IpAddress node() {
        return ip(GetParam() == Family::V4 ? CloudNode::kNode4 : CloudNode::kNode6);
    }
    [[nodiscard]] static IpAddress neighbour() {
        return ip(GetParam() == Family::V4 ? CloudNode::kNeighbour4 : CloudNode::kNeighbour6);
    }

    CloudNode cloud_{dual()};
    std::vector<Pod> between_;
};

}  // namespace terway::test
