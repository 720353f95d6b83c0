// terway-demo: two nodes of a small VPC, pods that come, talk and go; told step by step.
#include <signal.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <boost/program_options.hpp>
#include <cstdio>
#include <iostream>
#include <list>
#include <thread>

#include "sim/demo/cluster.hpp"
#include "sim/demo/probe.hpp"
#include "sim/demo/story.hpp"
#include "sim/fabric.hpp"
#include "sim/topology.hpp"
#include "terway/error.hpp"

namespace terway::sim::demo {
namespace {

namespace po = boost::program_options;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint16_t kPort = 7;
constexpr std::uint16_t kHostPort = 8080;
constexpr seconds kPatience{5};
constexpr milliseconds kSilence{300};  // long enough to say that nothing comes

Prefix prefix(const char* text) {
    return Prefix::parse(text).value();
}
IpAddress ip(const char* text) {
    return IpAddress::parse(text).value();
}

std::string fixed(double value, const char* unit) {
    char text[32];
    (void)std::snprintf(text, sizeof text, "%.1f %s", value, unit);
    return text;
}

[[noreturn]] void refute(const std::string& what) {
    throw Error(Status::Internal, what);
}

// The whole play; members are made in order and vanish in reverse.
class Play {
public:
    explicit Play(Story& story) : story_(story) {}

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
            nodes_.emplace_back(*fabric_, name, pod_cidrs, cluster, binaries);
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

    void add_pod(Pod& pod, Node& node) {
        story_.step("ADD " + pod.name + " on " + node.name(), [&] {
            node.cni("ADD", pod);
            std::string said;
            for (const auto& address : pod.addresses) {
                said += (said.empty() ? "" : ", ") + address.text();
            }
            return said;
        });
    }

    void remove_pod(Pod& pod, Node& node) {
        story_.step("DEL " + pod.name, [&] {
            node.cni("DEL", pod);
            node.cni("DEL", pod);  // runtimes repeat themselves
            return std::string("twice, as runtimes do");
        });
    }

    void add_pods() {
        story_.act("Pods, added by the CNI binary through the daemon");
        add_pod(a1_, node_a());
        add_pod(a2_, node_a());
        add_pod(b1_, node_b());
        server_a2_ = std::make_unique<EchoServer>(a2_.netns.fd(), kPort);
        server_b1_ = std::make_unique<EchoServer>(b1_.netns.fd(), kPort);
        server_a1_ = std::make_unique<EchoServer>(a1_.netns.fd(), kPort);
        server_node_ = std::make_unique<EchoServer>(node_a().netns().fd(), kPort);
        outside_ = Netns::open(fabric_->netns_path("internet"));
        server_outside_ = std::make_unique<EchoServer>(outside_->fd(), kPort);
    }

    void ping(const std::string& claim, const Netns& from, const IpAddress& to) {
        story_.step("ping, " + claim, [&] {
            const auto outcome =
                run({{"ping", "-n", "-q", "-c", "3", "-i", "0.2", "-W", "2", to.text()},
                     {},
                     {},
                     from.fd()},
                    after(seconds(10)));
            if (outcome.exit != 0) {
                refute(to.text() + " does not answer: " + outcome.output + outcome.errors);
            }
            const auto at = outcome.output.find("rtt ");
            return to.text() +
                   (at == std::string::npos
                        ? ""
                        : ", " + outcome.output.substr(at, outcome.output.find('\n', at) - at));
        });
    }

    // Opens a connection and wants the server to see one of `seen_as`; empty: whatever.
    void tcp(const std::string& claim, const Netns& from, const IpAddress& to,
             const std::string& seen_as, std::uint16_t port = kPort) {
        story_.step("TCP,  " + claim, [&] {
            Conversation conversation(from.fd(), to, port, after(kPatience));
            const auto seen = conversation.say("hello", after(kPatience));
            if (!seen_as.empty() && seen != seen_as) {
                refute(to.text() + " sees " + seen + ", not " + seen_as);
            }
            return to.text() + " sees " + seen;
        });
    }

    void talk() {
        story_.act("Packets");
        for (const auto family : {Family::V4, Family::V6}) {
            const std::string suffix = family == Family::V4 ? ", IPv4" : ", IPv6";
            const auto& own = a1_.address(family);
            ping("pod to pod on the same node" + suffix, a1_.netns, a2_.address(family));
            tcp("pod to pod on the same node" + suffix, a1_.netns, a2_.address(family), own.text());
            ping("pod to pod across nodes" + suffix, a1_.netns, b1_.address(family));
            tcp("pod to pod across nodes" + suffix, a1_.netns, b1_.address(family), own.text());
            const auto node = family == Family::V4 ? ip("10.0.0.10") : ip("fd00:10::10");
            ping("pod to its node" + suffix, a1_.netns, node);
            tcp("pod to its node" + suffix, a1_.netns, node, own.text());
            tcp("node to its pod" + suffix, node_a().netns(), own, "");
            const auto outside =
                family == Family::V4 ? ip("203.0.113.10") : ip("2001:db8:ffff::10");
            tcp("pod to outside, masqueraded" + suffix, a1_.netns, outside,
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
        const auto nft = [this](const std::string& text) {
            const auto outcome =
                run({{"nft", "-f", "-"}, {}, text, node_a().netns().fd()}, after(kPatience));
            if (outcome.exit != 0) {
                refute(outcome.errors);
            }
        };
        nft(rules);
        tcp("hairpin: pod to itself by a port of its node", a1_.netns, ip("10.0.0.10"), "",
            kHostPort);
        nft("delete table ip hairpin");
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
        remove_pod(a1_, node_a());
        remove_pod(a3_, node_a());
        remove_pod(b1_, node_b());
        auto before = empty_.begin();
        for (auto& node : nodes_) {
            story_.step("nothing is left on " + node.name(),
                        [&] { return nothing_left(node, *before); });
            ++before;
        }
        for (auto& node : nodes_) {
            story_.step(node.name() + ": terwayd stops on SIGTERM", [&] {
                const int status = node.stop();
                if (status != 0) {
                    refute("exit status " + std::to_string(status));
                }
                return std::string("exit status 0");
            });
        }
    }

    static std::string nothing_left(const Node& node, const std::vector<std::string>& before) {
        std::vector<std::string> rest;
        const auto deadline = after(kPatience);
        do {
            rest = difference(before, node.kernel_state());
        } while (!rest.empty() && Clock::now() < deadline);
        if (!rest.empty()) {
            std::string all;
            for (const auto& line : rest) {
                all += "\n      " + line;
            }
            refute("the kernel differs from before the first pod:" + all);
        }
        return std::to_string(before.size()) +
               " kernel objects before the first pod and after the last are the same";
    }

    Node& node_a() { return nodes_.front(); }
    Node& node_b() { return nodes_.back(); }

    Story& story_;
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

int run_demo(int argc, char** argv) {
    po::options_description options("Options");
    options.add_options()("json", "one JSON document instead of the narration")("help,h",
                                                                                "print this");
    po::variables_map given;
    po::store(po::parse_command_line(argc, argv, options), given);
    if (given.count("help") != 0) {
        std::cout << "terway-demo: a small VPC, two nodes, pods that come, talk and go\n\n"
                  << options;
        return 0;
    }
    if (::geteuid() != 0) {
        throw Error(Status::Invalid, "needs root: it makes network namespaces");
    }
    Story story(given.count("json") != 0);
    try {
        Play(story).perform();
    } catch (const std::exception& error) {
        story.step("the play goes on",
                   [&]() -> std::string { throw Error(Status::Internal, error.what()); });
    }
    return story.finish() ? 0 : 1;
}

}  // namespace
}  // namespace terway::sim::demo

int main(int argc, char** argv) {
    (void)::signal(SIGPIPE, SIG_IGN);
    try {
        return terway::sim::demo::run_demo(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "terway-demo: " << error.what() << "\n";
        return 2;
    }
}
