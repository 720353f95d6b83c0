#include "warm.hpp"

#include <string>
#include <utility>

#include "contender.hpp"
#include "duel.hpp"
#include "eni_cloud.hpp"

namespace terway::bench {
namespace {

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
        Duel duel(pool_, route_);
        duel.warm_up();
        WarmTimes times;
        const auto before = calls();
        auto [pool, route] = duel.run("warm", rounds);
        times.cloud_calls = calls() - before;
        times.pool = std::move(pool);
        times.route = std::move(route);
        times.pool_daemon = {pool_daemon_.logged("ADD"), pool_daemon_.logged("DEL")};
        times.route_daemon = {route_daemon_.logged("ADD"), route_daemon_.logged("DEL")};
        return times;
    }

private:
    [[nodiscard]] std::uint64_t calls() {
        return simulation_.cloud().with([](sim::Cloud& cloud) { return cloud.calls().total(); });
    }

    sim::Simulation simulation_;
    Contender pool_;
    Contender route_;
    Daemon pool_daemon_;
    Daemon route_daemon_;
};

}  // namespace

WarmTimes run_warm(const Programs& programs, const std::string& scratch, unsigned rounds) {
    return Warm(programs, scratch).run(rounds);
}

}  // namespace terway::bench
