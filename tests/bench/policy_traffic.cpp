#include "policy_traffic.hpp"

#include <unistd.h>

#include <array>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <utility>

#include "base/netns.hpp"
#include "cost_table.hpp"
#include "endpoint_socket.hpp"
#include "interrupt.hpp"
#include "policy_node.hpp"
#include "policy_rules.hpp"
#include "terway/error.hpp"

namespace terway::bench {
namespace {

constexpr const char* kCidr = "172.20.0.0/18";
constexpr const char* kIpset = "/usr/sbin/ipset";
constexpr const char* kIptables = "/usr/sbin/iptables-nft-restore";
constexpr double kFlat = 1.05;
constexpr Path kPath = Path::SameNode;

std::vector<PolicyLoad> all_loads(unsigned members) {
    return {{"none", 0, 0}, {"10", 10, 0}, {"1000", 1000, 0}, {"members", 1000, members}};
}

// Two pods between which traffic goes, and a third that nobody lets in.
class Place {
public:
    virtual ~Place() = default;
    [[nodiscard]] const CostTable& costs() const { return costs_; }

    void measure(Measure measure, std::chrono::milliseconds slice) {
        costs_.measure(kPath, measure, way(kClient), slice);
    }
    // That the client comes through, and the stranger only where there are no policies.
    void check(const PolicyLoad& load) const {
        await_way(way(kClient));
        const auto listener = [&] {
            const NetnsScope scope(pods_.at(kServer).sandbox.fd());
            return listen_tcp(Family::V4);
        }();
        const NetnsScope scope(pods_.at(kStranger).sandbox.fd());
        const bool comes = static_cast<bool>(try_connect_tcp(pods_.at(kServer).address));
        if (comes != (load.policies == 0)) {
            throw Error(Status::Internal,
                        name_ + ": a pod that no policy lets in " +
                            (comes ? "comes through" : "is refused without policies"));
        }
    }

protected:
    explicit Place(std::string name) : name_(std::move(name)) {}
    void keep(const std::string& pod, PolicyPod made) { pods_.emplace(pod, std::move(made)); }
    [[nodiscard]] const PolicyPod& pod(const std::string& name) const { return pods_.at(name); }
    [[nodiscard]] const std::string& name() const { return name_; }

private:
    [[nodiscard]] Way way(const std::string& client) const {
        const auto& server = pods_.at(kServer);
        return {name_, pods_.at(client).sandbox.fd(), server.sandbox.fd(), server.address};
    }

    std::string name_;
    std::map<std::string, PolicyPod> pods_;
    CostTable costs_;
};

constexpr std::array kLoadPods{kClient, kServer, kStranger};

class OurPlace final : public Place {
public:
    OurPlace(const Programs& programs, const std::string& scratch, const PolicyLoad& load,
             const std::string& kind, const std::string& module)
        : Place(kind + "-" + load.name), node_(programs, scratch, name(), module) {
        node_.server().with([&](sim::kube::Api& api) {
            for (auto& each : load_objects(load)) {
                store_object(api, each.kind, std::move(each.object));
            }
            for (const auto* const pod : kLoadPods) {
                store_object(api, "pods", load_pod(pod));
            }
        });
        node_.start_daemon();
        for (const auto* const pod : kLoadPods) {
            keep(pod, node_.add(load_pod(pod)));
        }
        check(load);
        node_.leave_alone();
    }

private:
    PolicyNode node_;
};

// With what Felix would write, or without any rule.
class FelixPlace final : public Place {
public:
    FelixPlace(const Programs& programs, const std::string& scratch, const PolicyLoad& load,
               bool is_bare = false)
        : Place((is_bare ? "bare-" : "felix-") + load.name),
          contender_(name(), programs.bin + "/terway", "") {
        {
            const Daemon daemon(programs, scratch + "/" + name(), contender_.node(),
                                vpc_route_profile(kCidr));
            contender_.configure(daemon.network_config());
            std::uint32_t number = 0;
            for (const auto* const pod : kLoadPods) {
                keep(pod, add_pod(contender_, ++number, kLoadSpace, pod, pod));
            }
        }
        if (!is_bare) {
            load_rules(load, scratch);
        }
        check(load);
    }

private:
    void load_rules(const PolicyLoad& load, const std::string& scratch) const {
        std::vector<std::string> links;
        for (const auto* const each : kLoadPods) {
            links.push_back(pod(each).link);
        }
        const auto text =
            felix_text(load, links, {pod(kClient).address.text(), pod(kServer).address.text()});
        const auto sets = scratch + "/" + name() + ".ipset";
        const auto rules = scratch + "/" + name() + ".iptables";
        std::ofstream(sets) << text.ipset;
        std::ofstream(rules) << text.iptables;
        const NetnsScope scope(contender_.node());
        (void)run_timed({{kIpset, "restore", "-file", sets}, {}, {}});
        (void)run_timed({{kIptables, "--noflush", rules}, {}, {}});
    }

    Contender contender_;
};

struct Pair {
    PolicyLoad load;
    std::unique_ptr<Place> ours;
    std::unique_ptr<Place> bpf;
    std::unique_ptr<Place> felix;  // null where there is no ipset
    std::unique_ptr<Place> bare;   // of the first alone: without any policy module
};

class Rows {
public:
    explicit Rows(const std::vector<Pair>& pairs) : pairs_(pairs) {}

    std::vector<Row> all() {
        for (const auto measure : kMeasures) {
            for (const auto& pair : pairs_) {
                append(measure, pair);
            }
        }
        return std::move(rows_);
    }

private:
    void append(Measure measure, const Pair& pair) {
        const auto& none = pairs_.front();
        put("bpf", pair, measure, "bare", *pair.bpf, *none.bare);
        if (measure != Measure::Cpu && measure != Measure::Packets) {
            rows_.back().goal = kFlat;
        }
        put("bpf", pair, measure, "policy", *pair.bpf, *pair.ours);
        if (pair.load.policies != 0) {
            put("policy", pair, measure, "none", *pair.ours, *none.ours);
            if (measure != Measure::Cpu && measure != Measure::Packets) {
                rows_.back().goal = kFlat;
            }
            // Each of them is judged, as it is not where there are no policies.
            if (const auto& few = pairs_.at(1); measure == Measure::Packets && &pair != &few) {
                put("policy", pair, measure, few.load.name.c_str(), *pair.ours, *few.ours);
                rows_.back().goal = kFlat;
            }
        }
        if (pair.felix) {
            if (pair.load.policies != 0) {
                put("felix", pair, measure, "none", *pair.felix, *none.felix);
            }
            put("policy", pair, measure, "felix", *pair.ours, *pair.felix);
        }
    }
    void put(const char* whose, const Pair& pair, Measure measure, const char* against,
             const Place& one, const Place& other) {
        const auto compared =
            compare(one.costs().of(kPath, measure), other.costs().of(kPath, measure));
        rows_.push_back(
            {std::string(whose) + "_" + name_of(measure) + "_" + pair.load.name + "_vs_" + against,
             compared.ours,
             unit_of(measure),
             compared.theirs,
             {},
             compared.ratio});
    }

    const std::vector<Pair>& pairs_;
    std::vector<Row> rows_;
};

}  // namespace

std::vector<Row> run_policy_traffic(const Programs& programs, const std::string& scratch,
                                    const PolicyTrafficOptions& options) {
    const bool has_felix = ::access(kIpset, X_OK) == 0 && ::access(kIptables, X_OK) == 0;
    if (!has_felix) {
        std::cerr << "no " << kIpset << " or no " << kIptables << ": nothing to compare with\n";
    }
    std::vector<Pair> pairs;
    for (const auto& load : all_loads(options.members)) {
        check_interrupted();
        std::cerr << "making pods under " << load.policies << " policies, set of " << load.members
                  << "\n";
        auto& pair = pairs.emplace_back(Pair{
            load, std::make_unique<OurPlace>(programs, scratch, load, "policy", "policy-felix"),
            std::make_unique<OurPlace>(programs, scratch, load, "bpf", "policy-bpf"), nullptr,
            nullptr});
        if (pairs.size() == 1) {
            pair.bare = std::make_unique<FelixPlace>(programs, scratch, load, true);
        }
        if (has_felix) {
            pair.felix = std::make_unique<FelixPlace>(programs, scratch, load);
        }
    }
    std::vector<Place*> places;
    for (const auto& pair : pairs) {
        for (const auto* const place : {&pair.ours, &pair.bpf, &pair.felix, &pair.bare}) {
            if (*place) {
                places.push_back(place->get());
            }
        }
    }
    for (unsigned round = 0; round < options.rounds; ++round) {
        std::cerr << "round " << round + 1 << " of " << options.rounds << "\n";
        for (const auto measure : kMeasures) {
            for (std::size_t i = 0; i < places.size(); ++i) {
                places[(i + round) % places.size()]->measure(measure, options.slice);
            }
        }
    }
    return Rows(pairs).all();
}

}  // namespace terway::bench
