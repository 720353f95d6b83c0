#include "burst.hpp"

#include <poll.h>

#include <iostream>
#include <optional>
#include <vector>

#include "contender.hpp"
#include "eni_cloud.hpp"
#include "interrupt.hpp"
#include "terway/error.hpp"

namespace terway::bench {
namespace {

constexpr std::size_t kPods = 200;
// Without idle addresses the daemon takes pods before it has made the first ENI: really cold.
constexpr const char* kPool = "min_idle = 0\nwarm_up = 0\n";

sim::Bound bound() {
    sim::Burst burst;
    burst.pods = kPods;
    burst.type = sim::known_instance_types().at(kInstanceType);
    burst.settings = sim::Settings::realistic();
    return sim::bound_of(burst);
}

// One node, one burst.
class Cold {
public:
    Cold(const Programs& programs, const std::string& scratch, unsigned number)
        : simulation_("bench", eni_topology("realistic", number)),
          node_("burst", programs.bin + "/terway",
                Netns::open(simulation_.fabric().netns_path(kPoolNode))),
          daemon_(programs, scratch + "/burst" + std::to_string(number), node_.node(),
                  secondary_ip_profile(kPool)) {
        node_.configure(daemon_.network_config());
        await_ready();
    }

    void run(BurstTimes& times) {
        std::vector<Sandbox> sandboxes;
        std::vector<Command> commands;
        for (std::uint32_t pod = 1; pod <= kPods; ++pod) {
            check_interrupted();
            sandboxes.emplace_back("pod" + std::to_string(pod));
            commands.push_back(node_.command("ADD", pod, sandboxes.back()));
        }
        Storm storm;
        {
            const NetnsScope scope(node_.node());
            storm = run_all(commands);
        }
        const auto end = wall_now();
        times.whole.add(storm.ms());
        simulation_.cloud().with([&](sim::Cloud& cloud) {
            times.calls.add(static_cast<double>(cloud.calls().mutating()));
            if (const auto first = first_call(cloud.calls())) {
                times.from_call.add(static_cast<double>((end - *first).count()));
            }
        });
    }

private:
    // Until the daemon says that it could serve: then it has read the quotas.
    void await_ready() {
        const auto deadline = after(std::chrono::seconds(20));
        const Sandbox sandbox("status");
        while (true) {
            check_interrupted();
            try {
                (void)node_.call("STATUS", 0, sandbox);
                return;
            } catch (const Error&) {
                if (Clock::now() > deadline) {
                    throw;
                }
            }
            (void)::poll(nullptr, 0, 10);
        }
    }

    [[nodiscard]] static std::optional<WallTime> first_call(const sim::CallLog& log) {
        for (const auto& entry : log.entries()) {
            if (entry.mutating) {
                return entry.at;
            }
        }
        return std::nullopt;
    }

    sim::Simulation simulation_;
    Contender node_;
    Daemon daemon_;
};

}  // namespace

BurstTimes run_bursts(const Programs& programs, const std::string& scratch, unsigned bursts) {
    BurstTimes times;
    times.bound = bound();
    for (unsigned number = 1; number <= bursts; ++number) {
        std::cerr << "cold burst " << number << " of " << bursts << "\n";
        Cold(programs, scratch, number).run(times);
        await_quiet();
    }
    return times;
}

}  // namespace terway::bench
