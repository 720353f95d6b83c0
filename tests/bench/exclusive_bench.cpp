#include "exclusive_bench.hpp"

#include <poll.h>

#include <boost/json.hpp>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <vector>

#include "contender.hpp"
#include "exclusive_floor.hpp"
#include "interrupt.hpp"
#include "netlink/link.hpp"
#include "sim/simulation.hpp"
#include "terway/error.hpp"
#include "worker.hpp"

namespace terway::bench {
namespace {

constexpr const char* kOurs = "ours";
constexpr const char* kFloor = "floor";
constexpr const char* kFloorAddress = "10.0.1.11";
constexpr std::chrono::seconds kRefillTime{60};

sim::Topology topology() {
    std::string spare;
    for (std::size_t i = 0; i < kBurstOfEnis; ++i) {
        spare += "[[eni]]\nid = \"eni-spare" + std::to_string(i) +
                 "\"\nvswitch = \"vsw-a\"\nnode = \"floor\"\naddress = \"10.0.2." +
                 std::to_string(i + 10) + "\"\n";
    }
    return sim::parse_whole_topology(
        "[vpc]\ncidr = \"10.0.0.0/8\"\ninternet = false\n"
        "[[vswitch]]\nid = \"vsw-a\"\ncidr = \"10.0.0.0/16\"\n"
        "[[instance_type]]\nid = \"ecs.bench.many\"\nenis = 40\nipv4 = 1\nipv6 = 0\n"
        "[[node]]\nname = \"ours\"\nvswitch = \"vsw-a\"\ntype = \"ecs.bench.many\"\n"
        "address = \"10.0.1.10\"\n"
        "[[node]]\nname = \"floor\"\nvswitch = \"vsw-a\"\ntype = \"ecs.bench.many\"\n"
        "address = \"" +
            std::string(kFloorAddress) + "\"\n" + spare + "[[role]]\nname = \"terway\"\n",
        "benchmark");
}

// No more than a burst takes: attaching others would go on beside it.
std::string profile() {
    const auto ready = std::to_string(kBurstOfEnis);
    return "profile = \"eni-exclusive\"\n[chain]\ndataplane = \"eni-exclusive\"\n"
           "[pool]\nsource = \"exclusive-eni\"\ncool_down = \"0s\"\n[pool.exclusive]\nmin_idle = " +
           ready + "\nmax_idle = " + ready + "\nmax_enis = " + ready +
           "\n[cloud]\ncredentials = \"role\"\n"
           "ecs_endpoint = \"http://100.100.0.1\"\nvpc_endpoint = \"http://100.100.0.1\"\n"
           "[module.eni-exclusive]\n";
}

class Exclusive {
public:
    Exclusive(const Programs& programs, const std::string& scratch)
        : simulation_("bench-exclusive", topology()),
          ours_(kOurs, programs.bin + "/terway",
                Netns::open(simulation_.fabric().netns_path(kOurs))),
          daemon_(programs, scratch + "/exclusive", ours_.node(), profile()),
          floor_(Netns::open(simulation_.fabric().netns_path(kFloor))) {
        ours_.configure(daemon_.network_config());
        auto socket = netlink::Socket::in(floor_.fd());
        for (std::size_t i = 0; i < kBurstOfEnis; ++i) {
            const auto name = "eth" + std::to_string(i + 1);
            const auto link = netlink::find_link(socket, name);
            if (!link) {
                throw Error(Status::Internal, "the floor's node has no " + name);
            }
            spare_.push_back({name, link->index, address("10.0.2." + std::to_string(i + 10)),
                              address("10.0.255.253"), address(kFloorAddress),
                              "peer" + std::to_string(i)});
        }
    }

    ExclusiveTimes run(unsigned rounds, unsigned bursts) {
        for (unsigned round = 0; round <= rounds; ++round) {
            play(round, 1, times_.add, times_.floor);
            if (round == 0) {  // for warming up
                times_ = {};
            }
        }
        for (unsigned burst = 0; burst < bursts; ++burst) {
            std::cerr << "burst " << burst + 1 << " of " << bursts << "\n";
            play(burst, kBurstOfEnis, times_.burst, times_.burst_floor);
        }
        return std::move(times_);
    }

private:
    static IpAddress address(const std::string& text) { return IpAddress::parse(text).value(); }

    [[nodiscard]] std::vector<Sandbox> sandboxes(std::size_t count) {
        std::vector<Sandbox> all;
        while (all.size() < count) {
            all.emplace_back("whole" + std::to_string(++pods_));
        }
        return all;
    }

    void play(unsigned round, std::size_t count, Samples& ours, Samples& floor) {
        check_interrupted();
        if (round % 2 == 0) {
            ours.add(play_ours(count));
            floor.add(play_floor(count));
        } else {
            floor.add(play_floor(count));
            ours.add(play_ours(count));
        }
    }

    // Whole processes, each an ADD.
    double play_ours(std::size_t count) {
        await_refilled();
        await_quiet();
        const auto pods = sandboxes(count);
        std::vector<Command> adds;
        std::vector<Command> dels;
        for (std::size_t i = 0; i < count; ++i) {
            const auto number = static_cast<std::uint32_t>(pods_ - count + i);
            adds.push_back(ours_.command("ADD", number, pods[i]));
            dels.push_back(ours_.command("DEL", number, pods[i]));
        }
        const NetnsScope scope(ours_.node());
        const auto storm = run_all(adds);
        (void)run_all(dels);
        ours_.await_no_links();
        return storm.ms();
    }

    // A thread each.
    double play_floor(std::size_t count) {
        await_quiet();
        const auto pods = sandboxes(count);
        const auto each = [&](const std::function<void(std::size_t)>& work) {
            std::vector<std::unique_ptr<Worker>> workers;
            const auto begin = Clock::now();
            for (std::size_t i = 0; i < count; ++i) {
                workers.push_back(std::make_unique<Worker>("bench-floor", floor_.fd(), std::nullopt,
                                                           [&work, i] { work(i); }));
            }
            for (const auto& worker : workers) {
                worker->finish();
            }
            return milliseconds_between(begin, Clock::now());
        };
        const double ms = each([&](std::size_t i) { lend(spare_[i], pods[i].fd()); });
        (void)each([&](std::size_t i) { bring_home(spare_[i], pods[i].fd()); });
        return ms;
    }

    [[nodiscard]] std::size_t idle() const {
        const auto pool = boost::json::parse(daemon_.ask("pool"));
        std::size_t count = 0;
        for (const auto& eni : pool.at("enis").as_array()) {
            for (const auto& each : eni.at("addresses").as_array()) {
                count += each.at("state").as_string() == "idle" ? 1 : 0;
            }
        }
        return count;
    }

    void await_refilled() const {
        const auto deadline = after(kRefillTime);
        while (idle() < kBurstOfEnis) {
            check_interrupted();
            if (Clock::now() > deadline) {
                throw Error(Status::Internal,
                            "the pool does not get ENIs ready; terwayd's log:\n" + daemon_.log());
            }
            (void)::poll(nullptr, 0, 20);
        }
    }

    sim::Simulation simulation_;
    Contender ours_;
    Daemon daemon_;
    Netns floor_;
    std::vector<SpareNic> spare_;
    std::size_t pods_ = 0;
    ExclusiveTimes times_;
};

}  // namespace

ExclusiveTimes run_exclusive(const Programs& programs, const std::string& scratch, unsigned rounds,
                             unsigned bursts) {
    std::cerr << "making a node with " << kBurstOfEnis << " ENIs ready\n";
    return Exclusive(programs, scratch).run(rounds, bursts);
}

}  // namespace terway::bench
