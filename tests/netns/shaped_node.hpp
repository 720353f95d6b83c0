// Pods for a QoS module alone, without a daemon and without a dataplane: links as each kind of
// dataplane makes them, at the far end of which somebody listens.
#pragma once

#include <deque>
#include <functional>
#include <string>

#include "base/address.hpp"
#include "base/netns.hpp"
#include "terway/testing.hpp"

namespace terway::test {

enum class PodKind {
    Veth,       // a host end, and the host beyond it
    Ipvlan,     // a slave of the host's "eni", and the VPC beyond it
    Exclusive,  // the NIC itself and the VPC beyond it, and "veth1" to the host
};

struct ShapedPod {
    PodKind kind = PodKind::Veth;
    Netns netns = Netns::create();
    sdk::testing::EndpointBuilder endpoint{"c"};
    twy_attachment made{};
    IpAddress address;  // of the pod
    IpAddress far;      // of who is beyond
    int far_netns = -1;
};

class ShapedNode {
public:
    // With bandwidth-tc, started in this mode.
    explicit ShapedNode(const std::string& mode = "auto");

    // Its links are up; nothing is limited yet. Addresses are IPv6 if asked for.
    ShapedPod& pod(PodKind kind = PodKind::Veth, Family family = Family::V4);

    // The verbs, in the host's namespace.
    void attach(ShapedPod& pod);
    void detach(ShapedPod& pod) { detach(pod.endpoint); }
    void detach(sdk::testing::EndpointBuilder& endpoint);
    void adopt(ShapedPod& pod);
    // Its complaint, or nothing.
    [[nodiscard]] std::string check(ShapedPod& pod);
    [[nodiscard]] twy_limits observe(ShapedPod& pod);
    void restart(const std::string& mode);

    // The output of a shell command in a namespace; throws Error if it fails.
    static std::string shell(const Netns& netns, const std::string& command);
    [[nodiscard]] const Netns& host() const { return host_; }
    [[nodiscard]] const Netns& vpc() const { return vpc_; }

private:
    void on_host(const std::function<void()>& body) const;
    void build_veth(ShapedPod& pod, const std::string& number, bool v4);
    void build_ipvlan(ShapedPod& pod, const std::string& number, bool v4);
    void build_exclusive(ShapedPod& pod, const std::string& number, bool v4);
    void start(const std::string& mode);

    Netns host_ = Netns::create();
    Netns vpc_ = Netns::create();
    sdk::testing::FakeHost fake_;
    std::unique_ptr<sdk::testing::ModuleUnderTest> module_;
    std::deque<ShapedPod> pods_;
};

}  // namespace terway::test
