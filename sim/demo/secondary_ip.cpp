#include "sim/demo/secondary_ip.hpp"

#include "sim/demo/scenes.hpp"

namespace terway::sim::demo {
namespace {

constexpr std::size_t kWarm = 10;
constexpr std::size_t kFirstPods = 5;
constexpr std::size_t kBurst = 16;

constexpr const char* kProfile = R"(profile = "secondary-ip"
[chain]
dataplane = "veth"
[pool]
source = "eni"
families = "dual"
min_idle = 4
max_idle = 10
warm_up = 10
cool_down = "2s"
reclaim_after = "2s"
reconcile_every = "3s"
[module.veth]
mode = "secondary-ip"
)";

}  // namespace

void SecondaryIp::perform() {
    build_cloud(TERWAY_DEMO_ENI_TOPOLOGY,
                "10.0.0.0/24 and fd00:10::/64: node-a and node-b, ecs.g7.xlarge with a RAM role");
    for (const auto* node : {"node-a", "node-b"}) {
        start_daemon(node, "secondary-ip", std::string(kProfile) + kCloudSection);
    }
    warm_up();
    story_.act("Pods, from the warm pool");
    add_warm(a(), kFirstPods);
    stage_.add_pod(b().make_pod(), b().node);
    a1_ = &a().pods.front();
    a2_ = &*std::next(a().pods.begin());
    b1_ = &b().pods.front();
    talk();
    cheat();
    grow();
    be_throttled();
    lose_answers();
    meddle();
    lose_eni();
    lose_cloud();
    remove_pods();
}

void SecondaryIp::warm_up() {
    story_.step("node-a: the warm-up made an ENI and filled it", [this] {
        const auto pool = PoolView::of(a().node);
        if (pool.enis.size() != 1 || pool.idle != kWarm || pool.used != 0) {
            refute(pool.text());
        }
        return pool.text() + " of " + std::to_string(pool.capacity) + "; " +
               agreement(a().node, a().cloud);
    });
    story_.step("node-a: its credentials are its RAM role's", [this] {
        const auto key = a().cloud.access_key();
        const auto all = simulation_->cloud().with(
            [](Cloud& cloud) { return std::size_t{cloud.calls().total()}; });
        const auto own = a().cloud.since(0).total;
        const auto others = b().cloud.since(0).total;
        if (own == 0 || own + others < all) {
            refute(std::to_string(own) + " calls are signed with " + key + ", " +
                   std::to_string(others) + " with node-b's, of " + std::to_string(all));
        }
        return std::to_string(own) + " calls signed with " + key.substr(0, 12) +
               "..., from the metadata service";
    });
}

void SecondaryIp::talk() {
    story_.act("Packets");
    add_servers(
        {a1_->netns.fd(), a2_->netns.fd(), b1_->netns.fd(), a().node.netns().fd(), outside_->fd()});
    for (const auto family : {Family::V4, Family::V6}) {
        const bool v4 = family == Family::V4;
        const auto& own = a1_->address(family);
        stage_.ping("pod to pod on the same node" + suffix(family), a1_->netns,
                    a2_->address(family));
        stage_.tcp("pod to pod on the same node" + suffix(family), a1_->netns, a2_->address(family),
                   own.text());
        stage_.ping("pod to pod across nodes" + suffix(family), a1_->netns, b1_->address(family));
        stage_.tcp("pod to pod across nodes" + suffix(family), a1_->netns, b1_->address(family),
                   own.text());
        const auto node = a().address(family);
        stage_.tcp("pod to its node" + suffix(family), a1_->netns, node, own.text());
        stage_.tcp("node to its pod" + suffix(family), a().node.netns(), own, node.text());
        stage_.tcp("pod to outside" + suffix(family), a1_->netns,
                   v4 ? ip("203.0.113.10") : ip("2001:db8:ffff::10"),
                   v4 ? "203.0.113.1" : own.text());
    }
}

void SecondaryIp::cheat() {
    const auto receiver = udp_receiver(b1_->netns.fd(), 9);
    const auto& target = b1_->address(Family::V4);
    story_.step("UDP from the pod's own address arrives", [&] {
        send_udp_from(a1_->netns.fd(), a1_->address(Family::V4), target, 9, "true");
        if (!arrives(receiver.get(), "true", after(kPatience))) {
            refute("it did not");
        }
        return "at " + target.text();
    });
    story_.step("UDP from another pod's address does not", [&] {
        send_udp_from(a1_->netns.fd(), a2_->address(Family::V4), target, 9, "false");
        if (arrives(receiver.get(), "false", after(kSilence))) {
            refute("the forged packet arrived");
        }
        return "forged source " + a2_->address(Family::V4).text() +
               " of the same ENI, dropped by the guard";
    });
}

void SecondaryIp::grow() {
    story_.act("More pods than are warm");
    const auto mark = a().cloud.mark();
    story_.step(std::to_string(kBurst) + " ADDs at once on node-a", [&] {
        const auto pool = PoolView::of(a().node);
        if (pool.idle >= kBurst) {
            refute("all of them would be warm: " + pool.text());
        }
        return Crowd(a(), kBurst).join() + "; " + std::to_string(pool.idle) + " were warm";
    });
    settle("the pool has grown by a second ENI", a());
    story_.step("with few calls", [&] {
        const auto calls = a().cloud.since(mark);
        if (calls.of("CreateNetworkInterface") != 1 || PoolView::of(a().node).enis.size() != 2) {
            refute(calls.text());
        }
        return calls.text();
    });
    story_.step("every pod has addresses of its own", [this] { return all_different(); });
}

void secondary_ip(Story& story) {
    SecondaryIp(story).perform();
}

}  // namespace terway::sim::demo
