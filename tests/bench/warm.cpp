#include "warm.hpp"

#include <iostream>
#include <string>
#include <vector>

#include "contender.hpp"
#include "eni_cloud.hpp"
#include "interrupt.hpp"

namespace terway::bench {
namespace {

constexpr unsigned kWarmUp = 5;
constexpr std::size_t kKept = 150;
// Enough idle addresses for all that cool down; nothing is read from the cloud without need.
constexpr const char* kPool =
    "min_idle = 5\nmax_idle = 200\ncool_down = \"2s\"\nreconcile_every = \"1h\"\n"
    "reclaim_after = \"1h\"\n";

class Warm {
public:
    Warm(const Programs& programs, const std::string& scratch)
        : simulation_("bench", eni_topology("zero", 1)),
          pool_("pool", programs.bin + "/terway",
                Netns::open(simulation_.fabric().netns_path(kPoolNode))),
          route_("route", programs.bin + "/terway",
                 Netns::open(simulation_.fabric().netns_path(kRouteNode))),
          pool_daemon_(programs, scratch + "/warm-pool", pool_.node(), secondary_ip_profile(kPool)),
          route_daemon_(programs, scratch + "/warm-route", route_.node(),
                        vpc_route_profile(kRouteCidr)) {
        pool_.configure(pool_daemon_.network_config());
        route_.configure(route_daemon_.network_config());
    }

    WarmTimes run(unsigned rounds) {
        for (unsigned round = 0; round < kWarmUp; ++round) {
            play(round);
        }
        times_ = {};
        for (unsigned round = 0; round < rounds; ++round) {
            if (round % 50 == 0) {
                std::cerr << "warm round " << round << " of " << rounds << "\n";
            }
            play(round);
        }
        times_.pool_daemon = {pool_daemon_.logged("ADD"), pool_daemon_.logged("DEL")};
        times_.route_daemon = {route_daemon_.logged("ADD"), route_daemon_.logged("DEL")};
        return std::move(times_);
    }

private:
    [[nodiscard]] std::uint64_t calls() {
        return simulation_.cloud().with([](sim::Cloud& cloud) { return cloud.calls().total(); });
    }

    void one(const Contender& contender, VerbTimes& times) {
        check_interrupted();
        ++pods_;
        const auto& sandbox = used_.emplace_back("pod" + std::to_string(pods_));
        times.add.add(contender.call("ADD", pods_, sandbox).ms);
        times.del.add(contender.call("DEL", pods_, sandbox).ms);
        contender.await_no_links();
    }

    void play(unsigned round) {
        if (used_.size() >= kKept) {
            used_.clear();
            await_quiet();
        }
        const auto before = calls();
        if (round % 2 == 0) {
            one(pool_, times_.pool);
            one(route_, times_.route);
        } else {
            one(route_, times_.route);
            one(pool_, times_.pool);
        }
        times_.cloud_calls += calls() - before;
    }

    sim::Simulation simulation_;
    Contender pool_;
    Contender route_;
    Daemon pool_daemon_;
    Daemon route_daemon_;
    std::vector<Sandbox> used_;
    std::uint32_t pods_ = 0;
    WarmTimes times_;
};

}  // namespace

WarmTimes run_warm(const Programs& programs, const std::string& scratch, unsigned rounds) {
    return Warm(programs, scratch).run(rounds);
}

}  // namespace terway::bench
