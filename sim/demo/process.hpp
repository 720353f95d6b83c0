// Programs started inside a network namespace.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/time.hpp"

namespace terway::sim::demo {

struct Command {
    std::vector<std::string> argv;                     // argv[0] is a path or found in PATH
    std::map<std::string, std::string> environment{};  // added to a minimal one
    std::string input{};
    int netns_fd = -1;  // the caller's if -1
};

struct Outcome {
    int exit = 0;  // 128 + signal if killed
    std::string output;
    std::string errors;
};

// Runs to the end; past the deadline the program is killed (137). Throws Error if it cannot start.
[[nodiscard]] Outcome run(const Command& command, Deadline deadline);

// A program in the background, killed (SIGKILL) on destruction and when this process dies.
class Process {
public:
    // Standard output and error go to `log_file`, appended.
    Process(const Command& command, const std::string& log_file);
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    // Sends the signal and waits for the end; the exit status as in Outcome.
    int end(int signal);
    [[nodiscard]] bool running();
    [[nodiscard]] pid_t pid() const noexcept { return pid_; }

private:
    pid_t pid_ = -1;
};

}  // namespace terway::sim::demo
