// Whole ENIs: a node whose pods all have one, and a node where some do beside pods of its pod CIDR.
#include "sim/demo/eni_play.hpp"
#include "sim/demo/scenes.hpp"

namespace terway::sim::demo {
namespace {

constexpr std::size_t kWarm = 2;

constexpr const char* kModule = R"([module.eni-exclusive]
service_cidrs = ["172.21.0.0/16", "fd00:21::/112"]
)";

constexpr const char* kWhole = R"(profile = "eni-exclusive"
[chain]
dataplane = "eni-exclusive"
[pool]
source = "exclusive-eni"
families = "dual"
cool_down = "1s"
reclaim_after = "1s"
reconcile_every = "3s"
[pool.exclusive]
min_idle = 2
max_idle = 2
max_enis = 2
)";

constexpr const char* kMixed = R"(profile = "mixed"
[chain]
dataplane = "veth"
[[chain.when]]
resource = "aliyun/eni"
dataplane = "eni-exclusive"
addresses = "exclusive-eni"
[node]
pod_cidrs = ["172.20.2.0/24", "fd00:20:2::/64"]
[pool]
source = "pod-cidr"
families = "dual"
cool_down = "1s"
reclaim_after = "1s"
reconcile_every = "3s"
[pool.exclusive]
min_idle = 0
max_idle = 0
[module.veth]
mode = "vpc-route"
cluster_cidrs = ["10.0.0.0/8", "172.16.0.0/12", "fd00::/8"]
)";

class EniExclusive : private EniPlay {
public:
    using EniPlay::EniPlay;

    void perform() {
        build_cloud(TERWAY_DEMO_ENI_TOPOLOGY,
                    "10.0.0.0/24 and fd00:10::/64: node-a and node-b, each may have 3 more ENIs");
        start_daemon("node-a", "eni-exclusive",
                     std::string(kWhole) + kCloudSection + kModule +
                         "host_stack_cidrs = [\"169.254.20.10/32\"]\n");
        start_daemon("node-b", "mixed",
                     std::string(kMixed) + kCloudSection + "manage_routes = true\n" + kModule +
                         "host_stack_cidrs = [\"172.20.2.0/24\", \"fd00:20:2::/64\"]\n");
        warm_up();
        add_pods();
        move_in();
        talk();
        use_services();
        mix();
        survive();
        remove_pods();
    }

private:
    void warm_up() {
        story_.step("node-a: a warm pool of whole ENIs", [this] {
            return eventually(
                [&] {
                    if (const auto pool = PoolView::of(a().node); pool.warm != kWarm) {
                        refute(std::to_string(pool.warm) + " are warm");
                    }
                    a().before = a().node.kernel_state();
                    return whole_enis(a().node) + "; " + agreement(a().node, a().cloud);
                },
                kRecovery);
        });
    }

    void add_pods() {
        story_.act("Pods of node-a, each on an ENI of its own from the warm pool");
        add_warm(a(), kWarm);
        a1_ = &a().pods.front();
        a2_ = &a().pods.back();
        story_.note("terwayctl pool: " + whole_enis(a().node));
        story_.act("Pods of node-b: VPC route mode, and one that asks for aliyun/eni");
        b1_ = &b().make_pod();
        stage_.add_pod(*b1_, b().node);
        b2_ = &b().make_pod();
        b2_->resources = "aliyun/eni:1";
        stage_.add_pod(*b2_, b().node);
        story_.step("the rule chose: b1 on veth, b2 on an ENI", [this] {
            for (const auto* pod : {b1_, b2_}) {
                const bool whole = pod == b2_;
                const auto chain = dataplane_of(b().node, *pod);
                if (chain != (whole ? "eni-exclusive" : "veth") ||
                    prefix("172.20.2.0/24").contains(pod->address(Family::V4)) == whole) {
                    refute(pod->name + " is on " + chain);
                }
            }
            return b1_->address(Family::V4).text() + " of the pod CIDR, " +
                   b2_->address(Family::V4).text() + " of the vSwitch; " + whole_enis(b().node);
        });
    }

    void move_in() {
        story_.act("What a1 has");
        story_.step("its eth0 is the ENI itself, and the node has that NIC no more", [this] {
            const auto pool = PoolView::of(a().node);
            const auto& id = eni_of(pool, *a1_);
            const auto& mac = pool.enis.at(id).mac;
            const auto inside = run_in(a1_->netns, {"ip", "-o", "link", "show", "dev", "eth0"});
            if (mac.empty() || inside.find(mac) == std::string::npos) {
                refute(id + " is " + mac + ", eth0 is " + inside);
            }
            if (a().node.command({"ip", "-o", "link"}).find(mac) != std::string::npos) {
                refute(mac + " is on the node");
            }
            return id + ", " + mac;
        });
        story_.step("its veth1 is for Services and the node, and for nothing else", [this] {
            const auto routes = run_in(a1_->netns, {"ip", "route", "show", "dev", "veth1"});
            for (const auto* wanted : {"172.21.0.0/16", "169.254.20.10", "10.0.0.10"}) {
                if (routes.find(wanted) == std::string::npos) {
                    refute(std::string(wanted) + " is not: " + routes);
                }
            }
            const auto other = run_in(a1_->netns, {"ip", "route", "get", "10.0.0.11"});
            if (other.find("dev eth0") == std::string::npos) {
                refute(other);
            }
            return std::string("172.21.0.0/16, 169.254.20.10 and 10.0.0.10; the rest is eth0's");
        });
    }

    void talk() {
        story_.act("Packets");
        add_servers({a1_->netns.fd(), a2_->netns.fd(), b1_->netns.fd(), b2_->netns.fd(),
                     a().node.netns().fd(), outside_->fd()});
        for (const auto family : {Family::V4, Family::V6}) {
            const auto& own = a1_->address(family);
            stage_.ping("to a pod of the same node, through the VPC" + suffix(family), a1_->netns,
                        a2_->address(family));
            stage_.tcp("to a pod of the same node" + suffix(family), a1_->netns,
                       a2_->address(family), own.text());
            stage_.ping("to an ENI pod of the other node" + suffix(family), a1_->netns,
                        b2_->address(family));
            stage_.tcp("to an ENI pod of the other node" + suffix(family), a1_->netns,
                       b2_->address(family), own.text());
            const auto node = a().address(family);
            stage_.tcp("to its own node, by veth1" + suffix(family), a1_->netns, node, own.text());
            stage_.tcp("from its own node, as probes come" + suffix(family), a().node.netns(), own,
                       node.text());
            const bool v4 = family == Family::V4;
            stage_.tcp("to outside" + suffix(family), a1_->netns,
                       v4 ? ip("203.0.113.10") : ip("2001:db8:ffff::10"),
                       v4 ? "203.0.113.1" : own.text());
        }
    }

    void use_services() {
        story_.act("Services, translated on node-a as kube-proxy does; the backend is on node-b");
        serve(a(), {ip("172.21.0.1"), ip("fd00:21::1")}, *b2_);
        for (const auto family : {Family::V4, Family::V6}) {
            stage_.tcp("to the Service and back through the node" + suffix(family), a1_->netns,
                       ip(family == Family::V4 ? "172.21.0.1" : "fd00:21::1"),
                       a().address(family).text(), kServicePort);
        }
        unserve(a());
        (void)a().node.command({"ip", "address", "add", "169.254.20.10/32", "dev", "lo"});
        stage_.tcp("to a DNS cache on the node", a1_->netns, ip("169.254.20.10"),
                   a1_->address(Family::V4).text());
        (void)a().node.command({"ip", "address", "del", "169.254.20.10/32", "dev", "lo"});
    }

    void mix() {
        story_.act("Pods of VPC route mode beside it");
        for (const auto family : {Family::V4, Family::V6}) {
            stage_.tcp("ENI pod to the pod beside it" + suffix(family), b2_->netns,
                       b1_->address(family), b2_->address(family).text());
            stage_.tcp("and back" + suffix(family), b1_->netns, b2_->address(family),
                       b1_->address(family).text());
            stage_.tcp("ENI pod of node-a to a pod CIDR" + suffix(family), a1_->netns,
                       b1_->address(family), a1_->address(family).text());
            stage_.tcp("and back" + suffix(family), b1_->netns, a1_->address(family),
                       b1_->address(family).text());
        }
    }

    void survive() {
        story_.act("The daemon dies and comes back");
        Conversation stream(a1_->netns.fd(), b2_->address(Family::V4), kPort, after(kPatience));
        (void)stream.say("before", after(kPatience));
        kill_daemon(a(), stream);
        story_.step("a2 goes while the daemon is away: DEL succeeds", [this] {
            a().node.cni("DEL", *a2_);
            gone_.splice(gone_.end(), a().pods, std::prev(a().pods.end()));
            return std::string("a ticket is on disk");
        });
        revive_daemon("it is back, knowing all", a(), stream);
        come_home("the ENI of a2", *a2_);
        auto& next = a().make_pod();
        stage_.add_pod(next, a().node);
        story_.step("it serves the next pod", [&] {
            if (next.addresses != a2_->addresses) {
                refute(next.name + " has another");
            }
            (void)Conversation(next.netns.fd(), b2_->address(Family::V6), kPort, after(kPatience));
            return next.address(Family::V4).text() + " again, and it talks to node-b";
        });
    }

    void remove_pods() {
        story_.act("Pods go");
        for (auto& host : hosts_) {
            for (auto& pod : host.pods) {
                stage_.remove_pod(pod, host.node);
            }
        }
        come_home("the ENI of a1", *a1_);
        story_.step("node-a keeps its ENIs warm, as the profile says",
                    [this] { return eventually([&] { return kept(a(), kWarm); }, kRecovery); });
        story_.step("node-b gives its ENI back, as its profile says",
                    [this] { return eventually([&] { return kept(b(), 0); }, kRecovery); });
        for (auto& host : hosts_) {
            story_.step("nothing is left on " + host.node.name(),
                        [&] { return Stage::nothing_left(host.node, host.before); });
        }
        for (auto& host : hosts_) {
            stage_.stop(host.node);
        }
    }

    void come_home(const std::string& what, const Pod& pod) {
        story_.step(what + " is on the node again, down and without a mark", [&] {
            return eventually([&] {
                const auto pool = PoolView::of(a().node);
                const auto& mac = pool.enis.at(eni_of(pool, pod)).mac;
                const auto links = a().node.command({"ip", "-o", "link"});
                const auto end = links.find(mac);
                if (end == std::string::npos) {
                    refute(mac + " is not on the node");
                }
                const auto begin = links.rfind('\n', end) + 1;
                const auto line = links.substr(begin, links.find('\n', end) - begin);
                if (line.find("state DOWN") == std::string::npos ||
                    line.find("alias") != std::string::npos) {
                    refute(line);
                }
                return line.substr(0, line.find('@')) + ", " + mac;
            });
        });
    }

    // Throws Error unless the node has that many ENIs, all warm, and agrees with the cloud on it.
    static std::string kept(const Host& host, std::size_t enis) {
        const auto pool = PoolView::of(host.node);
        if (pool.warm != enis || pool.enis.size() != enis) {
            refute(std::to_string(pool.warm) + " of " + pool.text() + " are warm");
        }
        return whole_enis(host.node) + "; " + agreement(host.node, host.cloud);
    }

    std::list<Pod> gone_;  // their namespaces live on
    Pod* a1_ = nullptr;
    Pod* a2_ = nullptr;
    Pod* b1_ = nullptr;
    Pod* b2_ = nullptr;
};

}  // namespace

void eni_exclusive(Story& story) {
    EniExclusive(story).perform();
}

}  // namespace terway::sim::demo
