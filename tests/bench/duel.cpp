#include "duel.hpp"

#include <iostream>

#include "interrupt.hpp"

namespace terway::bench {
namespace {

constexpr unsigned kWarmUp = 5;
// Sandboxes are kept for a while, because the kernel's dismantling of one disturbs what follows.
constexpr std::size_t kKept = 150;

}  // namespace

void Duel::warm_up() {
    DuelTimes nobody_wants;
    for (unsigned round = 0; round < kWarmUp; ++round) {
        play(round, nobody_wants);
    }
}

DuelTimes Duel::run(const std::string& title, unsigned rounds) {
    DuelTimes times;
    for (unsigned round = 0; round < rounds; ++round) {
        if (round % 50 == 0) {
            std::cerr << title << " round " << round << " of " << rounds << "\n";
        }
        play(round, times);
    }
    return times;
}

void Duel::play(unsigned round, DuelTimes& times) {
    if (used_.size() >= kKept) {
        used_.clear();
        await_quiet();
    }
    if (round % 2 == 0) {
        pod(one_, times.one);
        pod(other_, times.other);
    } else {
        pod(other_, times.other);
        pod(one_, times.one);
    }
}

void Duel::pod(const Contender& contender, VerbTimes& times) {
    check_interrupted();
    const auto number = ++pods_;
    const auto& sandbox = used_.emplace_back("pod" + std::to_string(number));
    before_(number);
    times.add.add(contender.call("ADD", number, sandbox).ms);
    times.del.add(contender.call("DEL", number, sandbox).ms);
    contender.await_no_links();
    after_(number);
}

}  // namespace terway::bench
