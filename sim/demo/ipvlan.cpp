// Pods that are slaves of their ENIs; on a kernel without ipvlan the same with the fallback.
#include <algorithm>
#include <boost/json.hpp>
#include <sstream>

#include "sim/demo/eni_play.hpp"
#include "sim/demo/scenes.hpp"

namespace terway::sim::demo {
namespace {

constexpr std::size_t kFirstPods = 2;
constexpr std::size_t kBurst = 5;  // with the first ones more than an ENI has addresses

constexpr const char* kProfile = R"(profile = "ipvlan"
[chain]
dataplane = "ipvlan"
fallback = "veth"
[pool]
source = "eni"
families = "dual"
min_idle = 2
max_idle = 4
warm_up = 4
cool_down = "1s"
reclaim_after = "1s"
reconcile_every = "3s"
[module.veth]
mode = "secondary-ip"
[module.ipvlan]
service_cidrs = ["172.21.0.0/16", "fd00:21::/112"]
host_stack_cidrs = ["169.254.20.10/32"]
)";

// Asks it, in a namespace of its own.
bool kernel_has_ipvlan() {
    const auto scratch = Netns::create();
    (void)run_in(scratch, {"ip", "link", "add", "one", "type", "veth", "peer", "name", "other"});
    try {
        (void)run_in(scratch, {"ip", "link", "add", "link", "one", "name", "slave", "type",
                               "ipvlan", "mode", "l2"});
        return true;
    } catch (const Error&) {
        return false;
    }
}

// The names of a namespace's links.
std::vector<std::string> links(const Netns& netns) {
    std::istringstream lines(run_in(netns, {"ip", "-o", "link"}));
    std::vector<std::string> names;
    for (std::string index, name, rest; lines >> index >> name && std::getline(lines, rest);) {
        names.push_back(name.substr(0, name.find_first_of("@:")));
    }
    return names;
}

class Ipvlan : private EniPlay {
public:
    using EniPlay::EniPlay;

    void perform() {
        build_cloud(
            TERWAY_DEMO_SMALL_TOPOLOGY,
            "10.0.0.0/24 and fd00:10::/64: node-a and node-b, 2 more ENIs with 6 addresses");
        for (const auto* node : {"node-a", "node-b"}) {
            start_daemon(node, "ipvlan", std::string(kProfile) + kCloudSection);
        }
        choose_dataplane();
        add_pods();
        look_at_links();
        talk();
        use_services();
        survive();
        remove_pods();
    }

private:
    void choose_dataplane() {
        story_.step(slaves_ ? "this kernel has ipvlan, terwayctl status names no fallback"
                            : "this kernel has no ipvlan, terwayctl status names the fallback",
                    [this] {
                        const auto status = a().node.tell("status");
                        const auto at = status.find("new pods get veth in place of ipvlan");
                        if ((at == std::string::npos) != slaves_) {
                            refute("it says: " + status);
                        }
                        return slaves_ ? status.substr(0, status.find('\n'))
                                       : status.substr(at, status.find('\n', at) - at);
                    });
    }

    void add_pods() {
        story_.act("Pods, from the warm pool");
        add_warm(a(), kFirstPods);
        story_.act("More of them than one ENI has addresses");
        story_.step(std::to_string(kBurst) + " ADDs at once on node-a",
                    [this] { return Crowd(a(), kBurst).join(); });
        stage_.add_pod(b().make_pod(), b().node);
        settle("the pool has grown by a second ENI", a());
        story_.step("every pod has addresses of its own", [this] { return all_different(); });
        const auto pool = PoolView::of(a().node);
        const auto on_first = [&](const Pod& pod) {
            return eni_of(pool, pod) == eni_of(pool, a().pods.front());
        };
        one_ = &a().pods.front();
        b1_ = &b().pods.front();
        for (auto& pod : a().pods) {
            (on_first(pod) ? near_ : far_) = &pod;
        }
        if (near_ == one_ || far_ == nullptr) {
            refute("there are not two pods on one ENI and one on another");
        }
        story_.note(one_->name + " and " + near_->name + " are on " + eni_of(pool, *one_) + ", " +
                    far_->name + " is on " + eni_of(pool, *far_));
    }

    void look_at_links() {
        if (!slaves_) {
            return;
        }
        story_.step("a pod's eth0 is a slave of its ENI", [this] {
            const auto said =
                run_in(one_->netns, {"ip", "-o", "-d", "link", "show", "dev", "eth0"});
            if (said.find("ipvlan  mode l2") == std::string::npos) {
                refute(said);
            }
            return std::string("ipvlan, mode l2; no veth in the pod");
        });
        story_.step("the node has no link of any pod", [this] {
            std::string all;
            for (const auto& name : links(a().node.netns())) {
                if (name != "lo" && !name.starts_with("eth") && !name.starts_with("ipvl_")) {
                    refute(name + " is none of lo, its NICs and their slaves");
                }
                all += (all.empty() ? "" : " ") + name;
            }
            return std::to_string(a().pods.size()) + " pods, and the links are " + all;
        });
    }

    void talk() {
        story_.act("Packets");
        add_servers({one_->netns.fd(), near_->netns.fd(), far_->netns.fd(), b1_->netns.fd(),
                     a().node.netns().fd(), outside_->fd()});
        for (const auto family : {Family::V4, Family::V6}) {
            const auto& own = one_->address(family);
            for (const auto& [what, pod] : {std::pair{"pod to pod of its ENI", near_},
                                            {"pod to pod of the node's other ENI", far_},
                                            {"pod to pod of the other node", b1_}}) {
                stage_.ping(what + suffix(family), one_->netns, pod->address(family));
                stage_.tcp(what + suffix(family), one_->netns, pod->address(family), own.text());
            }
            stage_.tcp("the other node's pod to the second ENI" + suffix(family), b1_->netns,
                       far_->address(family), b1_->address(family).text());
            const auto node = a().address(family);
            stage_.tcp("pod to its node" + suffix(family), one_->netns, node, own.text());
            stage_.tcp("node to its pod, as probes come" + suffix(family), a().node.netns(), own,
                       node.text());
            const bool v4 = family == Family::V4;
            stage_.tcp("pod to outside" + suffix(family), one_->netns,
                       v4 ? ip("203.0.113.10") : ip("2001:db8:ffff::10"),
                       v4 ? "203.0.113.1" : own.text());
        }
    }

    void use_services() {
        story_.act("Services, translated on node-a as kube-proxy does");
        serve_from(*b1_, "a pod of the other node");
        serve_from(*far_, "a pod of the node's other ENI");
        (void)a().node.command({"ip", "address", "add", "169.254.20.10/32", "dev", "lo"});
        for (const auto* pod : {one_, far_}) {
            stage_.tcp(pod->name + " to a DNS cache on the node", pod->netns, ip("169.254.20.10"),
                       pod->address(Family::V4).text());
        }
        (void)a().node.command({"ip", "address", "del", "169.254.20.10/32", "dev", "lo"});
    }

    // Behind the host's stack an ipvlan pod is the node.
    void serve_from(const Pod& backend, const std::string& what) {
        serve(a(), {ip("172.21.0.1"), ip("fd00:21::1")}, backend);
        for (const auto family : {Family::V4, Family::V6}) {
            stage_.tcp("a Service whose backend is " + what + suffix(family), one_->netns,
                       ip(family == Family::V4 ? "172.21.0.1" : "fd00:21::1"),
                       (slaves_ ? a().address(family) : one_->address(family)).text(),
                       kServicePort);
        }
        unserve(a());
    }

    void survive() {
        story_.act("The daemon dies and comes back");
        Conversation stream(one_->netns.fd(), b1_->address(Family::V4), kPort, after(kPatience));
        (void)stream.say("before", after(kPatience));
        kill_daemon(a(), stream);
        revive_daemon("it is back, knowing all", a(), stream);
        stage_.add_pod(a().make_pod(), a().node);
    }

    void remove_pods() {
        story_.act("Pods go");
        for (auto& host : hosts_) {
            story_.step(host.node.name() + ": all pods are deleted", [&] {
                remove_all(host);
                return std::to_string(host.pods.size()) + " at once";
            });
        }
        for (auto& host : hosts_) {
            story_.step(host.node.name() + ": the surplus goes back to the cloud", [&] {
                return eventually(
                    [&] {
                        const auto pool = PoolView::of(host.node);
                        if (pool.count("cooling") != 0 || pool.idle > kMaxIdle) {
                            refute(pool.text());
                        }
                        return pool.text() + "; " + agreement(host.node, host.cloud);
                    },
                    kRecovery);
            });
        }
        for (auto& host : hosts_) {
            story_.step("nothing is left on " + host.node.name() + " but ENIs",
                        [&] { return nothing_left(host); });
        }
        for (auto& host : hosts_) {
            stage_.stop(host.node);
        }
    }

    static constexpr std::uint64_t kMaxIdle = 4;

    const bool slaves_ = kernel_has_ipvlan();
    Pod* one_ = nullptr;
    Pod* near_ = nullptr;
    Pod* far_ = nullptr;
    Pod* b1_ = nullptr;
};

}  // namespace

void ipvlan(Story& story) {
    Ipvlan(story).perform();
}

}  // namespace terway::sim::demo
