#include "storms.hpp"

#include <algorithm>
#include <array>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include "link_watch.hpp"
#include "netlink/link.hpp"

namespace terway::bench {
namespace {

constexpr std::size_t kPods = 100;

std::set<std::uint32_t> pod_links(int node) {
    auto socket = netlink::Socket::in(node);
    std::set<std::uint32_t> indices;
    for (const auto& link : netlink::links(socket)) {
        if (link.kind == "veth") {
            indices.insert(link.index);
        }
    }
    return indices;
}

class Storms {
public:
    explicit Storms(Arena& arena) : arena_(arena) {}

    StormTimes run(unsigned storms) {
        for (unsigned storm = 0; storm < storms; ++storm) {
            std::cerr << "storm " << storm + 1 << " of " << storms << "\n";
            const std::array<void (Storms::*)(), 4> players{&Storms::ours, &Storms::kernel,
                                                            &Storms::ptp, &Storms::floor};
            for (std::size_t i = 0; i < players.size(); ++i) {
                (this->*players[(storm + i) % players.size()])();
                await_quiet();
            }
        }
        return std::move(times_);
    }

private:
    std::vector<std::uint32_t> new_pods() {
        std::vector<std::uint32_t> pods(kPods);
        std::generate(pods.begin(), pods.end(), [this] { return arena_.next_pod(); });
        return pods;
    }

    static Storm call_all(const Contender& contender, const std::string& verb,
                          const std::vector<std::uint32_t>& pods,
                          const std::vector<Sandbox>& sandboxes) {
        std::vector<Command> commands;
        for (std::size_t i = 0; i < pods.size(); ++i) {
            commands.push_back(contender.command(verb, pods[i], sandboxes[i]));
        }
        const NetnsScope scope(contender.node());
        return run_all(commands);
    }

    void ours() {
        const auto pods = new_pods();
        const auto sandboxes = arena_.new_sandboxes(kPods);
        times_.ours.add.add(call_all(arena_.ours(), "ADD", pods, sandboxes).ms());
        const auto memory = arena_.daemon().memory();
        times_.memory = {std::max(times_.memory.rss, memory.rss),
                         std::max(times_.memory.pss, memory.pss),
                         std::max(times_.memory.anonymous, memory.anonymous)};
        LinkWatch watch(arena_.ours().node(), pod_links(arena_.ours().node()));
        const auto storm = call_all(arena_.ours(), "DEL", pods, sandboxes);
        const auto gone = watch.await();
        times_.ours.del.add(storm.ms());
        times_.gone_after_first.add(milliseconds_between(storm.begin, gone));
        times_.gone_after_last.add(std::max(0.0, milliseconds_between(storm.end, gone)));
        arena_.await_no_links();
    }

    void kernel() {
        const auto pods = new_pods();
        const auto sandboxes = arena_.new_sandboxes(kPods);
        {
            const NetnsScope scope(arena_.floor().node());
            const auto begin = Clock::now();
            for (std::size_t i = 0; i < kPods; ++i) {
                expect(make_pod(arena_.lane(), pods[i], sandboxes[i].fd()));
            }
            times_.kernel_add.add(milliseconds_between(begin, Clock::now()));
        }
        LinkWatch watch(arena_.floor().node(), pod_links(arena_.floor().node()));
        const auto begin = Clock::now();
        expect(delete_links(arena_.lane()));
        const auto answered = Clock::now();
        times_.group_delete.add(milliseconds_between(begin, watch.await()));
        times_.group_delete_ack.add(milliseconds_between(begin, answered));
        for (const auto pod : pods) {
            expect(forget_pod(arena_.lane(), pod));
        }
    }

    void ptp() {
        const auto pods = new_pods();
        const auto sandboxes = arena_.new_sandboxes(kPods);
        times_.ptp.add.add(call_all(arena_.ptp(), "ADD", pods, sandboxes).ms());
        times_.ptp.del.add(call_all(arena_.ptp(), "DEL", pods, sandboxes).ms());
    }

    void floor() {
        const auto pods = new_pods();
        const auto sandboxes = arena_.new_sandboxes(kPods);
        times_.floor_add.add(call_all(arena_.floor(), "ADD", pods, sandboxes).ms());
        arena_.clear_floor(pods);
    }

    Arena& arena_;
    StormTimes times_;
};

}  // namespace

StormTimes run_storms(Arena& arena, unsigned storms) {
    return Storms(arena).run(storms);
}

}  // namespace terway::bench
