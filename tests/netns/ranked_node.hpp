// Pods of one ENI for a QoS module alone, without a daemon and without a dataplane: links as "veth"
// and "ipvlan" make them, and the VPC beyond.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "bands.hpp"
#include "base/address.hpp"
#include "base/netns.hpp"
#include "shaped_node.hpp"
#include "terway/testing.hpp"

namespace terway::test {

struct RankedPod {
    Netns netns = Netns::create();
    sdk::testing::EndpointBuilder endpoint{"c"};
    twy_attachment made = sdk::sized<twy_attachment>();
    std::vector<IpAddress> addresses;
};

class RankedNode {
public:
    // With bandwidth-tc, network priorities on, and an ENI with so many queues.
    explicit RankedNode(unsigned queues = 1);

    RankedPod& pod(PodKind kind, std::uint32_t priority);

    // The verbs, in the host's namespace.
    void attach(RankedPod& pod);
    void detach(sdk::testing::EndpointBuilder& endpoint);
    void adopt(RankedPod& pod);
    // Its complaint, or nothing.
    [[nodiscard]] std::string check(RankedPod& pod);
    void restart(bool network_priority);
    void purge();

    // Datagrams from the pod to the VPC, with a type of service.
    void send(const RankedPod& pod, const IpAddress& from, unsigned count, int tos = 0) const;
    [[nodiscard]] Bands bands() const;

    // Output of a shell command on the host.
    std::string shell(const std::string& command) const {
        return ShapedNode::shell(host_, command);
    }
    // The ENI's qdiscs and filters.
    [[nodiscard]] std::string state() const;
    [[nodiscard]] const Netns& host() const { return host_; }
    [[nodiscard]] const Netns& vpc() const { return vpc_; }
    // Who is beyond.
    [[nodiscard]] static IpAddress far(Family family);

private:
    void start(bool network_priority);

    Netns host_ = Netns::create();
    Netns vpc_ = Netns::create();
    sdk::testing::FakeHost fake_;
    std::unique_ptr<sdk::testing::ModuleUnderTest> module_;
    std::uint32_t eni_ = 0;
    Mac eni_mac_;
    std::deque<RankedPod> pods_;
};

}  // namespace terway::test
