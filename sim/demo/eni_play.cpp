#include "sim/demo/eni_play.hpp"

#include <unistd.h>

#include <boost/json.hpp>
#include <set>
#include <sstream>

#include "sim/topology.hpp"

namespace terway::sim::demo {
namespace {

double ms_since(Deadline begin) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

// A line of ip(8) on a NIC beside eth0 or what hangs on it: "dev eth1", "4: eth1@if9: <...>".
bool is_of_eni(const std::string& line) {
    std::istringstream words(line);
    for (std::string word; words >> word;) {
        if (word.starts_with("ipvl_") ||
            (word.starts_with("eth") && word.size() > 3 && word[3] >= '1' && word[3] <= '9')) {
            return true;
        }
    }
    return false;
}

}  // namespace

Host::Host(Simulation& simulation, const std::string& name, const std::string& profile,
           const Binaries& binaries)
    : node(simulation.fabric(), name, profile, binaries), cloud(simulation.cloud(), "i-" + name) {}

Pod& Host::make_pod() {
    return pods.emplace_back(node.name().back() + std::to_string(++made_));
}

IpAddress Host::address(Family family) const {
    const bool first = node.name() == "node-a";
    return family == Family::V4 ? ip(first ? "10.0.0.10" : "10.0.0.11")
                                : ip(first ? "fd00:10::10" : "fd00:10::11");
}

Crowd::Crowd(Host& host, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        auto& pod = host.make_pod();
        names_ = i == 0 ? pod.name : names_;
        adds_.push_back(std::async(std::launch::async, [&] { host.node.cni("ADD", pod); }));
    }
    names_ += count > 1 ? " to " + host.pods.back().name : "";
}

std::string Crowd::join() {
    for (auto& add : adds_) {
        add.get();
    }
    return names_ + ", the last after " + fixed(ms_since(begin_), "ms");
}

std::string suffix(Family family) {
    return family == Family::V4 ? ", IPv4" : ", IPv6";
}

void await_lull(const CloudView& cloud) {
    const auto begin = cloud.mark();
    (void)eventually(
        [&] {
            if (cloud.since(begin).total == 0) {
                refute("the pool does not read the cloud");
            }
            return std::string();
        },
        kRecovery);
    constexpr std::chrono::milliseconds kStill{200};
    auto last = cloud.since(begin).total;
    auto since = Clock::now();
    (void)eventually(
        [&] {
            const auto now = cloud.since(begin).total;
            if (now != last) {
                last = now;
                since = Clock::now();
            }
            if (Clock::now() < since + kStill) {
                refute("the pool keeps calling the cloud");
            }
            return std::string();
        },
        kRecovery);
}

const std::string& eni_of(const PoolView& pool, const Pod& pod) {
    for (const auto& [id, eni] : pool.enis) {
        if (eni.addresses.contains(pod.address(Family::V4))) {
            return id;
        }
    }
    refute(pod.name + " is on no ENI of the pool");
}

std::string dataplane_of(const Node& node, const Pod& pod) {
    const auto endpoints = node.ctl("endpoints");
    for (const auto& each : endpoints.as_array()) {
        if (each.at("pod_name").as_string() == pod.name) {
            return std::string(each.at("chain").at(0).at("id").as_string());
        }
    }
    refute(pod.name + " is not known");
}

std::string whole_enis(const Node& node) {
    const auto said = node.tell("pool");
    const auto at = said.find("ENIs for one pod alone");
    if (at == std::string::npos) {
        refute("terwayctl pool says: " + said);
    }
    return said.substr(at, said.find('\n', at) - at);
}

void EniPlay::build_cloud(const char* topology, const std::string& said) {
    story_.act("A VPC, its cloud, and the daemon on each node");
    story_.step("namespaces, OpenAPI and metadata service are up", [&] {
        simulation_ = std::make_unique<Simulation>("demo-" + std::to_string(::getpid()),
                                                   load_whole_topology(topology));
        return said;
    });
    if (!simulation_) {
        refute("there is nothing to play on");
    }
    outside_ = Netns::open(simulation_->fabric().netns_path("internet"));
}

void EniPlay::start_daemon(const std::string& name, const std::string& title,
                           const std::string& profile) {
    const auto wanted = hosts_.size() + 1;
    story_.step(name + ": terwayd serves profile " + title, [&] {
        auto& host =
            hosts_.emplace_back(*simulation_, name, profile, Binaries::beside_this_program());
        host.node.start();
        host.before = host.node.kernel_state();
        return "warm; calls: " + host.cloud.since(0).text() + "; " +
               fixed(host.node.daemon_rss(), "MiB resident");
    });
    if (hosts_.size() != wanted) {
        refute("there is no " + name);
    }
}

void EniPlay::add_warm(Host& host, std::size_t count) {
    await_lull(host.cloud);
    const auto mark = host.cloud.mark();
    for (std::size_t i = 0; i < count; ++i) {
        stage_.add_pod(host.make_pod(), host.node);
    }
    story_.step(host.node.name() + " asked nothing of the cloud for that", [&] {
        const auto calls = host.cloud.since(mark);
        if (calls.text() != "none") {
            refute(calls.text());
        }
        // On a slow machine the pool's own look at the cloud falls into that time.
        return std::to_string(count) + " ADDs, " + std::to_string(calls.total) + " calls" +
               (calls.total == 0 ? "; " : " that only look; ") + PoolView::of(host.node).text();
    });
}

void EniPlay::add_servers(const std::vector<int>& namespaces) {
    for (const auto fd : namespaces) {
        servers_.emplace_back(fd, kPort);
    }
}

void EniPlay::serve(Host& host, const std::vector<IpAddress>& services, const Pod& backend) {
    std::string rules;
    for (const auto& service : services) {
        const std::string family = service.is_v4() ? "ip" : "ip6";
        const auto& to = backend.address(service.family()).text();
        rules += family + " daddr " + service.text() + " tcp dport " +
                 std::to_string(kServicePort) + " dnat " + family + " to " +
                 (service.is_v4() ? to : "[" + to + "]") + ":" + std::to_string(kPort) + "; ";
    }
    host.node.nft("table inet services { chain in { type nat hook prerouting priority dstnat; " +
                  rules + "}\n}\n");
}

void EniPlay::unserve(Host& host) {
    host.node.nft("delete table inet services");
}

void EniPlay::kill_daemon(Host& host, Conversation& stream) {
    story_.step("the daemon is killed with -9", [&] {
        host.node.kill();
        (void)stream.say("while it is dead", after(kPatience));
        return std::string("an open connection did not notice");
    });
}

void EniPlay::revive_daemon(const std::string& claim, Host& host, Conversation& stream) {
    story_.step(claim, [&] {
        host.node.start();
        (void)stream.say("after", after(kPatience));
        const auto check = host.node.ask("check");
        if (check.exit != 0) {
            refute(check.out + check.err);
        }
        const auto pool = PoolView::of(host.node);
        if (pool.used != host.pods.size()) {
            refute("it knows " + pool.text());
        }
        return "the same connection; " + pool.text() + ", kernel and records agree";
    });
}

void EniPlay::remove_all(Host& host) {
    std::vector<std::future<void>> all;
    for (auto& pod : host.pods) {
        all.push_back(std::async(std::launch::async, [&] { host.node.cni("DEL", pod); }));
    }
    for (auto& each : all) {
        each.get();
    }
}

std::string EniPlay::nothing_left(const Host& host) {
    return eventually([&] {
        std::string rest;
        for (const auto& line : difference(host.before, host.node.kernel_state())) {
            rest += is_of_eni(line) ? "" : "\n      " + line;
        }
        if (!rest.empty()) {
            refute("the kernel differs from before the first pod:" + rest);
        }
        return std::to_string(host.before.size()) +
               " kernel objects before the first pod and after the last are the same";
    });
}

std::string EniPlay::all_different() const {
    std::set<IpAddress> seen;
    for (const auto& host : hosts_) {
        for (const auto& pod : host.pods) {
            if (pod.addresses.size() != 2) {
                refute(pod.name + " has " + std::to_string(pod.addresses.size()) + " addresses");
            }
            for (const auto& address : pod.addresses) {
                if (!seen.insert(address).second) {
                    refute(address.text() + " is " + pod.name + "'s and another's");
                }
            }
        }
    }
    return std::to_string(seen.size()) + " different ones on " + std::to_string(hosts_.size()) +
           " nodes";
}

void EniPlay::settle(const std::string& claim, Host& host) {
    story_.step(claim, [&] {
        const auto agreed = eventually([&] { return agreement(host.node, host.cloud); }, kRecovery);
        return PoolView::of(host.node).text() + "; " + agreed;
    });
}

}  // namespace terway::sim::demo
