// A limit and a policy on one pod, by their two modules.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "goodput.hpp"
#include "shaped_node.hpp"
#include "terway/error.hpp"
#include "traffic.hpp"

namespace terway::test {
namespace {

using sdk::testing::Direction;
using sdk::testing::PolicyBuilder;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr double kRate = 20e6;
constexpr double kBurst = 1e6;
constexpr std::uint16_t kPort = 4242;
constexpr std::chrono::milliseconds kSilence{150};

class BandwidthBesidePolicy : public testing::TestWithParam<PodKind> {
protected:
    BandwidthBesidePolicy() : pod_(node_.pod(GetParam())) {
        pod_.endpoint.limits(static_cast<std::uint64_t>(kRate), static_cast<std::uint64_t>(kRate));
        on_host([&] {
            policy_ = std::make_unique<sdk::testing::ModuleUnderTest>(TERWAY_POLICY_FELIX, fake_);
            policy_->configure({});
            policy_->start();
        });
        node_.attach(pod_);
        on_host([&] { policy_->attach_policy(pod_.endpoint, pod_.made); });
    }
    ~BandwidthBesidePolicy() override {
        on_host([&] { policy_.reset(); });
    }

    void on_host(const std::function<void()>& body) {
        const NetnsScope scope(node_.host().fd());
        body();
    }
    PolicyBuilder rules() {
        PolicyBuilder made;
        made.endpoint(pod_.endpoint.container_id(), pod_.endpoint.ifname());
        return made;
    }
    void apply(PolicyBuilder made) {
        on_host([&] { policy_->apply(made.full(++revision_)); });
    }
    void check() {
        EXPECT_THAT(node_.check(pod_), IsEmpty());
        EXPECT_NO_THROW(on_host([&] { policy_->check_policy(pod_.endpoint, pod_.made); }));
    }
    // Whether the pod may open a connection to who is beyond.
    bool leaves(std::chrono::milliseconds limit) {
        ++port_;  // a flow nobody has tracked yet
        const Udp server(pod_.far_netns, pod_.far, port_);
        const Udp client(pod_.netns.fd(), pod_.address, port_);
        try {
            client.send(pod_.far, port_, "hello");
        } catch (const Error& error) {
            return error.sys_errno() != EPERM;  // refused inside the pod, before it could leave
        }
        return server.receive(limit).has_value();
    }

    ShapedNode node_;
    ShapedPod& pod_;
    sdk::testing::FakeHost fake_;
    std::unique_ptr<sdk::testing::ModuleUnderTest> policy_;
    std::uint64_t revision_ = 0;
    std::uint16_t port_ = kPort;
};

TEST_P(BandwidthBesidePolicy, BothHold) {
    EXPECT_FALSE(leaves(kSilence)) << "no rules yet";
    apply(rules());
    check();
    {
        Torrent in(pod_.far_netns, pod_.netns.fd(), pod_.address);
        EXPECT_EQ(breach(in, kRate, kBurst), "") << "towards the pod";
    }
    Torrent out(pod_.netns.fd(), pod_.far_netns, pod_.far);
    EXPECT_EQ(breach(out, kRate, kBurst), "") << "from the pod";
    EXPECT_TRUE(leaves(patience()));
    auto shut = rules();
    apply(shut.isolate(Direction::Egress));
    EXPECT_FALSE(leaves(kSilence));
    check();
}

TEST_P(BandwidthBesidePolicy, EitherGoesWithoutTheOther) {
    apply(rules());
    on_host([&] { policy_->detach_policy(pod_.endpoint); });
    EXPECT_THAT(node_.check(pod_), IsEmpty());
    on_host([&] { policy_->attach_policy(pod_.endpoint, pod_.made); });
    node_.detach(pod_);
    EXPECT_THAT(ShapedNode::shell(node_.host(), "tc qdisc; ip -o link show type ifb"),
                Not(testing::AnyOf(HasSubstr("tbf"), HasSubstr("ifb"))));
    EXPECT_NO_THROW(on_host([&] { policy_->check_policy(pod_.endpoint, pod_.made); }));
    EXPECT_FALSE(leaves(kSilence)) << "a new attachment is closed";
    apply(rules());
    EXPECT_TRUE(leaves(patience()));
}

INSTANTIATE_TEST_SUITE_P(, BandwidthBesidePolicy,
                         testing::Values(PodKind::Veth, PodKind::Exclusive), [](const auto& kind) {
                             return kind.param == PodKind::Veth ? "OnTheHost" : "InsideThePod";
                         });

}  // namespace
}  // namespace terway::test
