// Denied packets as lines of a log, so many a second at most.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "base/time.hpp"

namespace terway::felix {

class DeniedLog {
public:
    static constexpr unsigned kMostASecond = 10;

    // Nothing is written where `write` is empty.
    explicit DeniedLog(std::function<void(const std::string&)> write) : write_(std::move(write)) {}

    [[nodiscard]] bool is_on() const noexcept { return static_cast<bool>(write_); }
    void add(const std::string& line, Deadline now);
    // Of packets that nobody could read.
    void lose(std::uint64_t count) noexcept { left_out_ += is_on() ? count : 0; }
    [[nodiscard]] bool has_left_out() const noexcept { return left_out_ != 0; }
    // Says how many were left out, if the second is over.
    void tick(Deadline now);

private:
    std::function<void(const std::string&)> write_;
    Deadline since_ = Deadline::min();
    unsigned written_ = 0;
    std::uint64_t left_out_ = 0;
};

}  // namespace terway::felix
