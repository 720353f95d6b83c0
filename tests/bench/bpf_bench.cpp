#include "bpf_bench.hpp"

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <set>

#include "base/time.hpp"
#include "cost_table.hpp"
#include "interrupt.hpp"
#include "netlink/link.hpp"
#include "policy-bpf/hook.hpp"
#include "policy-bpf/options.hpp"
#include "policy-bpf/pins.hpp"
#include "policy-bpf/state.hpp"
#include "samples.hpp"
#include "service_place.hpp"

namespace terway::bench {
namespace {

constexpr double kAttachGoal = 0.5;     // ms
constexpr double kServicesGoal = 1000;  // ms
constexpr double kFlat = 1.05;

double ms_since(Deadline begun) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
}

// Loading, and what an ADD does to a new link.
std::vector<Row> run_programs(unsigned links) {
    const Sandbox place("programs");
    const NetnsScope scope(place.fd());
    const policy_bpf::Options options;
    const auto begun = Clock::now();
    Samples attach;
    std::vector<Row> rows;
    {
        const policy_bpf::State state(options);
        rows.push_back({"bpf_load_ms", ms_since(begun), "ms"});
        rows.push_back({"bpf_from_pod_verified", static_cast<double>(state.from_pod().verified),
                        "instructions"});
        rows.push_back(
            {"bpf_to_pod_verified", static_cast<double>(state.to_pod().verified), "instructions"});
        netlink::Socket socket;
        for (unsigned i = 0; i < links; ++i) {
            netlink::VethEnd here;
            here.name = "here";
            netlink::VethEnd there;
            there.name = "there";
            netlink::create_veth(socket, here, there);
            const auto index = netlink::find_link(socket, "here").value().index;
            const auto start = Clock::now();
            policy_bpf::put(socket, {index, false, 1}, state);
            attach.add(ms_since(start));
            (void)netlink::remove_link(socket, std::string("here"));
        }
    }
    policy_bpf::State::purge(options);
    rows.push_back({"bpf_attach_p50_ms", attach.median(), "ms", {}, kAttachGoal});
    rows.push_back({"bpf_attach_p99_ms", attach.quantile(0.99), "ms", {}, kAttachGoal});
    return rows;
}

struct Load {
    unsigned services = 0;
    std::unique_ptr<BpfServicePlace> bpf;
    std::unique_ptr<ChainServicePlace> chains;
    CostTable bpf_costs;
    CostTable chain_costs;
};

}  // namespace

std::vector<Row> bench_bpf(const BpfBenchOptions& options) {
    constexpr unsigned kLinks = 200;
    constexpr const char* kRestore = "/usr/sbin/iptables-nft-restore";
    auto rows = run_programs(kLinks);
    const bool has_chains = ::access(kRestore, X_OK) == 0;
    if (!has_chains) {
        std::cerr << "no " << kRestore << ": nothing to compare with\n";
    }
    const unsigned each = std::max(1U, options.endpoints / options.services);
    std::vector<std::unique_ptr<Load>> loads;
    for (const auto count : std::set<unsigned>{1, 100, 1'000, options.services}) {
        check_interrupted();
        std::cerr << "making " << count << " Services\n";
        auto& load = *loads.emplace_back(std::make_unique<Load>());
        load.services = count;
        load.bpf = std::make_unique<BpfServicePlace>(options.programs, count, each);
        await_way(load.bpf->way());
        if (has_chains) {
            load.chains = std::make_unique<ChainServicePlace>(options.scratch, count);
            await_way(load.chains->way());
        }
    }
    rows.push_back(
        {"bpf_services_apply_ms", loads.back()->bpf->apply_ms(), "ms", {}, kServicesGoal});
    for (unsigned round = 0; round < options.rounds; ++round) {
        check_interrupted();
        std::cerr << "round " << round + 1 << " of " << options.rounds << "\n";
        for (const auto measure : {Measure::Connections, Measure::Latency}) {
            for (std::size_t i = 0; i < loads.size(); ++i) {
                auto& load = *loads[(i + round) % loads.size()];
                load.bpf_costs.measure(Path::SameNode, measure, load.bpf->way(), options.slice);
                if (load.chains) {
                    load.chain_costs.measure(Path::SameNode, measure, load.chains->way(),
                                             options.slice);
                }
            }
        }
    }
    for (const auto measure : {Measure::Connections, Measure::Latency}) {
        for (const auto& load : loads) {
            const auto& ours = load->bpf_costs.of(Path::SameNode, measure);
            const auto put = [&](const std::string& name, const std::vector<double>& theirs,
                                 std::optional<double> goal) {
                const auto compared = compare(ours, theirs);
                rows.push_back({"service_" + std::string(name_of(measure)) + "_" +
                                    std::to_string(load->services) + name,
                                compared.ours, unit_of(measure), compared.theirs, goal,
                                compared.ratio});
            };
            if (load->services != 1) {
                put("_vs_1", loads.front()->bpf_costs.of(Path::SameNode, measure),
                    measure == Measure::Connections ? std::optional(kFlat) : std::nullopt);
            }
            if (load->chains) {
                put("_vs_chains", load->chain_costs.of(Path::SameNode, measure),
                    measure == Measure::Connections && load->services >= 100 ? std::optional(1.0)
                                                                             : std::nullopt);
            }
        }
    }
    return rows;
}

}  // namespace terway::bench
