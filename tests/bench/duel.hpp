// Two contenders, a pod at a time: in every round both, in turn first, each in a sandbox that
// nobody has used before.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "contender.hpp"
#include "rounds.hpp"

namespace terway::bench {

struct DuelTimes {
    VerbTimes one;
    VerbTimes other;
};

class Duel {
public:
    // Borrows both.
    Duel(const Contender& one, const Contender& other) : one_(one), other_(other) {}

    // Called with a pod's number before it is added and after it is deleted.
    void surround(std::function<void(std::uint32_t)> before,
                  std::function<void(std::uint32_t)> after) {
        before_ = std::move(before);
        after_ = std::move(after);
    }
    void warm_up();  // rounds that do not count
    // `title` is for the progress on the terminal.
    [[nodiscard]] DuelTimes run(const std::string& title, unsigned rounds);

private:
    void play(unsigned round, DuelTimes& times);
    void pod(const Contender& contender, VerbTimes& times);

    const Contender& one_;
    const Contender& other_;
    std::function<void(std::uint32_t)> before_ = [](std::uint32_t) {};
    std::function<void(std::uint32_t)> after_ = before_;
    std::vector<Sandbox> used_;
    std::uint32_t pods_ = 0;
};

}  // namespace terway::bench
