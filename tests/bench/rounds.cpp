#include "rounds.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

namespace terway::bench {
namespace {

constexpr unsigned kWarmUp = 5;
constexpr unsigned kMemoryProbes = 5;
// Sandboxes are kept for a while, because the kernel's dismantling of one disturbs what follows.
constexpr std::size_t kKept = 150;

class Rounds {
public:
    explicit Rounds(Arena& arena) : arena_(arena) {}

    RoundTimes run(unsigned rounds) {
        compare_objects();
        times_.memory_at_start = arena_.daemon().memory();
        for (unsigned round = 0; round < kWarmUp; ++round) {
            play(round);
        }
        const auto memory = times_.memory_at_start;
        times_ = {};
        times_.memory_at_start = memory;
        for (unsigned round = 0; round < rounds; ++round) {
            if (round % 50 == 0) {
                std::cerr << "round " << round << " of " << rounds << "\n";
            }
            play(round);
        }
        times_.daemon = {arena_.daemon().logged("ADD"), arena_.daemon().logged("DEL")};
        used_.clear();
        await_quiet();
        probe_memory();
        return std::move(times_);
    }

private:
    const Sandbox& fresh() {
        used_.push_back(arena_.new_sandbox());
        return used_.back();
    }

    void ours() {
        const auto pod = arena_.next_pod();
        const auto& sandbox = fresh();
        times_.ours.add.add(arena_.ours().call("ADD", pod, sandbox).ms);
        times_.ours.del.add(arena_.ours().call("DEL", pod, sandbox).ms);
        arena_.await_no_links();
    }

    void floor() {
        const auto pod = arena_.next_pod();
        times_.floor.add.add(arena_.floor().call("ADD", pod, fresh()).ms);
        arena_.clear_floor({pod});
    }

    void ptp() {
        const auto pod = arena_.next_pod();
        const auto& sandbox = fresh();
        times_.ptp.add.add(arena_.ptp().call("ADD", pod, sandbox).ms);
        times_.ptp.del.add(arena_.ptp().call("DEL", pod, sandbox).ms);
    }

    void nothing() {
        times_.exec.add(run_timed({{arena_.programs().bin + "/terway-bench-noop"}, {}, "{}"}).ms);
    }

    void status() { times_.status.add(arena_.ours().call("STATUS", 0, fresh()).ms); }

    void play(unsigned round) {
        if (used_.size() >= kKept) {
            used_.clear();
            await_quiet();
        }
        const std::array<void (Rounds::*)(), 3> players{&Rounds::ours, &Rounds::floor,
                                                        &Rounds::ptp};
        for (std::size_t i = 0; i < players.size(); ++i) {
            (this->*players[(round + i) % players.size()])();
        }
        nothing();
        status();
    }

    void compare_objects() {
        const auto our_pod = arena_.next_pod();
        const auto floor_pod = arena_.next_pod();
        const auto our_sandbox = arena_.new_sandbox();
        const auto floor_sandbox = arena_.new_sandbox();
        (void)arena_.ours().call("ADD", our_pod, our_sandbox);
        (void)arena_.floor().call("ADD", floor_pod, floor_sandbox);
        expect_same_objects(arena_.ours(), our_sandbox, arena_.floor(), floor_sandbox);
        (void)arena_.ours().call("DEL", our_pod, our_sandbox);
        arena_.clear_floor({floor_pod});
        arena_.await_no_links();
    }

    void probe_memory() {
        for (unsigned i = 0; i < kMemoryProbes; ++i) {
            const auto pod = arena_.next_pod();
            const auto sandbox = arena_.new_sandbox();
            auto command = arena_.ours().command("ADD", pod, sandbox);
            command.words.insert(command.words.begin(),
                                 arena_.programs().bin + "/terway-bench-peak");
            {
                const NetnsScope scope(arena_.ours().node());
                const auto kib = std::stod(run_timed(command).ran.complaint);
                times_.cni_rss = std::max(times_.cni_rss, kib / 1024);
            }
            (void)arena_.ours().call("DEL", pod, sandbox);
        }
        arena_.await_no_links();
    }

    Arena& arena_;
    std::vector<Sandbox> used_;
    RoundTimes times_;
};

}  // namespace

RoundTimes run_rounds(Arena& arena, unsigned rounds) {
    return Rounds(arena).run(rounds);
}

}  // namespace terway::bench
