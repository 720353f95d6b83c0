// Runs programs the way a container runtime runs a CNI plugin.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/time.hpp"

namespace terway::bench {

struct Command {
    std::vector<std::string> words;  // the program's path first
    std::vector<std::string> environment;
    std::string input;  // at most what a pipe holds: 64 KiB
};

struct Ran {
    int exit = -1;
    std::string output;
    std::string complaint;  // standard error
};

// A running program; started in the calling thread's network namespace. Killed if nobody waits for
// it. One thread.
class Child {
public:
    // Throws Error.
    explicit Child(const Command& command);
    ~Child();
    Child(Child&& other) noexcept;
    Child& operator=(Child&&) = delete;

    // Reads its output to the end, then waits for its end.
    [[nodiscard]] Ran finish();

private:
    pid_t pid_;
    Fd output_;
    Fd complaint_;
};

// From before the program is started until it has ended. Throws Error if it fails.
struct Timed {
    double ms = 0;
    Ran ran;
};
[[nodiscard]] Timed run_timed(const Command& command);

// All at once; until the last has ended. Throws Error if one fails.
struct Storm {
    Clock::time_point begin;
    Clock::time_point end;
    [[nodiscard]] double ms() const;
};
[[nodiscard]] Storm run_all(const std::vector<Command>& commands);

[[nodiscard]] double milliseconds_between(Clock::time_point from, Clock::time_point to);

}  // namespace terway::bench
