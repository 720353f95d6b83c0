// Child processes that cannot outlive their parent: programs run in any network namespace, for
// tests and demonstrations.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/time.hpp"

namespace terway::sim {

inline constexpr const char* kUsualPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// A small tmpfs only the child sees, in a mount namespace of its own.
struct PrivateTmpfs {
    std::string path;  // an existing directory
    std::string size;  // as for mount(8): "256k"
};

struct Command {
    std::vector<std::string> argv;           // a path, or a name found in PATH, and its arguments
    std::map<std::string, std::string> env;  // exactly these
    std::string input;
    int netns_fd = -1;  // -1: the caller's
    std::optional<uid_t> uid;
    std::optional<PrivateTmpfs> tmpfs;
};

// How a process ended: its exit status, or 128 and the signal.
using ExitCode = int;
[[nodiscard]] constexpr ExitCode by_signal(int signal) {
    return 128 + signal;
}

// A running child. One thread at a time, and that thread must outlive it: the kernel kills the
// child when the thread that made it ends. Destruction kills it and waits.
class Process {
public:
    // Its standard output and error go to descriptors that are lent; -1: nowhere. Throws Error.
    explicit Process(const Command& command, int output = -1, int error_output = -1);
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    [[nodiscard]] int pidfd() const noexcept { return pidfd_.get(); }
    void signal(int number) const;
    // Nothing if it still runs at the deadline.
    [[nodiscard]] std::optional<ExitCode> wait(Deadline deadline);

private:
    pid_t pid_ = -1;
    Fd pidfd_;
    std::optional<ExitCode> ended_;
};

struct Outcome {
    ExitCode exit = 0;
    std::string out;
    std::string err;
};

// Runs a program to its end. Throws Error if that is not before the deadline; the program is killed
// then.
[[nodiscard]] Outcome run_program(const Command& command, Deadline deadline);

}  // namespace terway::sim
