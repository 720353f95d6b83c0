// VPC route mode: two nodes, pods that come, talk and go.
#include <unistd.h>

#include <boost/json.hpp>
#include <list>
#include <memory>
#include <optional>

#include "sim/demo/cluster.hpp"
#include "sim/demo/probe.hpp"
#include "sim/demo/scenes.hpp"
#include "sim/demo/stage.hpp"
#include "sim/fabric.hpp"
#include "sim/topology.hpp"

namespace terway::sim::demo {
namespace {

constexpr std::uint16_t kHostPort = 8080;

std::string list(const std::vector<Prefix>& prefixes) {
    std::string out;
    for (const auto& each : prefixes) {
        out += (out.empty() ? "\"" : ", \"") + each.text() + "\"";
    }
    return "[" + out + "]";
}

// `cluster` are the destinations pods meet with their own address.
std::string vpc_route_profile(const std::vector<Prefix>& pod_cidrs,
                              const std::vector<Prefix>& cluster) {
    return "profile = \"vpc-route\"\n[chain]\ndataplane = \"veth\"\n[node]\npod_cidrs = " +
           list(pod_cidrs) +
           "\n[pool]\ncool_down = \"2s\"\n[module.veth]\ncluster_cidrs = " + list(cluster) + "\n";
}

// The whole play; members are made in order and vanish in reverse.
class VpcRoute {
public:
    explicit VpcRoute(Story& story) : story_(story), stage_(story) {}

    void perform() {
        build_vpc();
        start_daemons();
        add_pods();
        talk();
        cheat();
        survive();
        remove_pods();
    }

private:
    void build_vpc() {
        story_.act("A VPC of two nodes");
        story_.step("namespaces, ENIs and the route table are up", [this] {
            const auto model = load_topology(TERWAY_DEMO_TOPOLOGY);
            fabric_ = std::make_unique<Fabric>("demo-" + std::to_string(::getpid()));
            fabric_->render(model);
            return std::string(
                "10.0.0.0/24: node-a 10.0.0.10, node-b 10.0.0.11; "
                "172.20.1.0/24 -> node-a, 172.20.2.0/24 -> node-b");
        });
    }

    void start_daemons() {
        story_.act("The daemon on each node");
        const auto binaries = Binaries::beside_this_program();
        const std::vector<Prefix> cluster{prefix("10.0.0.0/8"), prefix("172.20.0.0/16"),
                                          prefix("fd00::/8")};
        for (const auto& [name, v4, v6] :
             {std::tuple{"node-a", "172.20.1.0/24", "fd00:20:1::/64"},
              std::tuple{"node-b", "172.20.2.0/24", "fd00:20:2::/64"}}) {
            start_daemon(name, {prefix(v4), prefix(v6)}, cluster, binaries);
            empty_.push_back(nodes_.back().kernel_state());
        }
    }

    void start_daemon(const std::string& name, const std::vector<Prefix>& pod_cidrs,
                      const std::vector<Prefix>& cluster, const Binaries& binaries) {
        story_.step(name + ": terwayd serves profile vpc-route", [&] {
            nodes_.emplace_back(*fabric_, name, vpc_route_profile(pod_cidrs, cluster), binaries);
            nodes_.back().start();
            std::string said = "modules:";
            const auto modules = nodes_.back().ctl("modules");
            for (const auto& module : modules.as_array()) {
                said += " " + std::string(module.at("id").as_string()) + " " +
                        std::string(module.at("version").as_string());
            }
            return said + ", " + fixed(nodes_.back().daemon_rss(), "MiB resident");
        });
    }

    void add_pods() {
        story_.act("Pods, added by the CNI binary through the daemon");
        stage_.add_pod(a1_, node_a());
        stage_.add_pod(a2_, node_a());
        stage_.add_pod(b1_, node_b());
        server_a2_ = std::make_unique<EchoServer>(a2_.netns.fd(), kPort);
        server_b1_ = std::make_unique<EchoServer>(b1_.netns.fd(), kPort);
        server_a1_ = std::make_unique<EchoServer>(a1_.netns.fd(), kPort);
        server_node_ = std::make_unique<EchoServer>(node_a().netns().fd(), kPort);
        outside_ = Netns::open(fabric_->netns_path("internet"));
        server_outside_ = std::make_unique<EchoServer>(outside_->fd(), kPort);
    }

    void talk() {
        story_.act("Packets");
        for (const auto family : {Family::V4, Family::V6}) {
            const std::string suffix = family == Family::V4 ? ", IPv4" : ", IPv6";
            const auto& own = a1_.address(family);
            stage_.ping("pod to pod on the same node" + suffix, a1_.netns, a2_.address(family));
            stage_.tcp("pod to pod on the same node" + suffix, a1_.netns, a2_.address(family),
                       own.text());
            stage_.ping("pod to pod across nodes" + suffix, a1_.netns, b1_.address(family));
            stage_.tcp("pod to pod across nodes" + suffix, a1_.netns, b1_.address(family),
                       own.text());
            const auto node = family == Family::V4 ? ip("10.0.0.10") : ip("fd00:10::10");
            stage_.ping("pod to its node" + suffix, a1_.netns, node);
            stage_.tcp("pod to its node" + suffix, a1_.netns, node, own.text());
            stage_.tcp("node to its pod" + suffix, node_a().netns(), own, "");
            const auto outside =
                family == Family::V4 ? ip("203.0.113.10") : ip("2001:db8:ffff::10");
            stage_.tcp("pod to outside, masqueraded" + suffix, a1_.netns, outside,
                       family == Family::V4 ? "203.0.113.1" : node.text());
        }
        hairpin();
    }

    void hairpin() {
        const auto& own = a1_.address(Family::V4).text();
        const auto rules =
            "table ip hairpin {\n chain in { type nat hook prerouting priority dstnat;"
            " ip daddr 10.0.0.10 tcp dport " +
            std::to_string(kHostPort) + " dnat to " + own + ":" + std::to_string(kPort) +
            "; }\n"
            " chain out { type nat hook postrouting priority srcnat; ip saddr " +
            own + " ip daddr " + own + " masquerade; }\n}\n";
        node_a().nft(rules);
        stage_.tcp("hairpin: pod to itself by a port of its node", a1_.netns, ip("10.0.0.10"), "",
                   kHostPort);
        node_a().nft("delete table ip hairpin");
    }

    void cheat() {
        story_.act("A pod that lies");
        const auto receiver = udp_receiver(b1_.netns.fd(), 9);
        const auto& target = b1_.address(Family::V4);
        story_.step("a packet from the pod's own address arrives", [&] {
            send_udp_from(a1_.netns.fd(), a1_.address(Family::V4), target, 9, "true");
            if (!arrives(receiver.get(), "true", after(kPatience))) {
                refute("it did not");
            }
            return "UDP to " + target.text();
        });
        story_.step("a packet from another pod's address does not", [&] {
            send_udp_from(a1_.netns.fd(), a2_.address(Family::V4), target, 9, "false");
            if (arrives(receiver.get(), "false", after(kSilence))) {
                refute("the forged packet arrived");
            }
            return "forged source " + a2_.address(Family::V4).text() + ", dropped by the guard";
        });
    }

    void survive() {
        story_.act("The daemon dies and comes back");
        std::unique_ptr<Conversation> stream;
        const auto say = [&stream](const std::string& line) {
            (void)stream->say(line, after(kPatience));
        };
        story_.step("a connection is open, the daemon is killed with -9", [&] {
            stream = std::make_unique<Conversation>(a1_.netns.fd(), b1_.address(Family::V4), kPort,
                                                    after(kPatience));
            say("before");
            node_a().kill();
            say("while it is dead");
            return std::string("the connection did not notice");
        });
        story_.step("a pod goes while the daemon is away: DEL succeeds", [this] {
            node_a().cni("DEL", a2_);
            return std::string("a ticket is on disk");
        });
        story_.step("the daemon is back and has taken everything over", [&] {
            node_a().start();
            say("after");
            const auto endpoints = node_a().ctl("endpoints");
            if (endpoints.as_array().size() != 1) {
                refute("it knows " + boost::json::serialize(endpoints));
            }
            const auto check = node_a().ctl("check");
            if (!check.as_array().front().at("ok").as_bool()) {
                refute(boost::json::serialize(check));
            }
            return std::string("the same connection, 1 endpoint, kernel and records agree");
        });
        story_.step("a new pod gets an address nobody has", [this] {
            node_a().cni("ADD", a3_);
            if (a3_.addresses == a1_.addresses) {
                refute("the address of a pod that runs was given again");
            }
            return a3_.address(Family::V4).text();
        });
    }

    void remove_pods() {
        story_.act("Pods go");
        stage_.remove_pod(a1_, node_a());
        stage_.remove_pod(a3_, node_a());
        stage_.remove_pod(b1_, node_b());
        auto before = empty_.begin();
        for (auto& node : nodes_) {
            story_.step("nothing is left on " + node.name(),
                        [&] { return Stage::nothing_left(node, *before); });
            ++before;
        }
        for (auto& node : nodes_) {
            stage_.stop(node);
        }
    }

    Node& node_a() { return nodes_.front(); }
    Node& node_b() { return nodes_.back(); }

    Story& story_;
    Stage stage_;
    std::unique_ptr<Fabric> fabric_;
    std::list<Node> nodes_;
    std::vector<std::vector<std::string>> empty_;
    Pod a1_{"a1"};
    Pod a2_{"a2"};
    Pod a3_{"a3"};
    Pod b1_{"b1"};
    std::optional<Netns> outside_;
    std::unique_ptr<EchoServer> server_a1_;
    std::unique_ptr<EchoServer> server_a2_;
    std::unique_ptr<EchoServer> server_b1_;
    std::unique_ptr<EchoServer> server_node_;
    std::unique_ptr<EchoServer> server_outside_;
};

}  // namespace

void vpc_route(Story& story) {
    VpcRoute(story).perform();
}

}  // namespace terway::sim::demo
