#include "command.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cerrno>

#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/netns.hpp"

extern char** environ;

namespace terway::conformance {
namespace {

// A file in memory for each stream: no pipe that could fill up and block.
Fd memory(const char* name) {
    Fd fd(::memfd_create(name, MFD_CLOEXEC));
    if (!fd) {
        throw system_error("create a file in memory", errno);
    }
    return fd;
}

std::string content(const Fd& fd) {
    ::lseek(fd.get(), 0, SEEK_SET);
    return read_all(fd.get(), "the output of a command", 256U << 20U);
}

}  // namespace

Outcome run(int netns_fd, const std::vector<std::string>& arguments, const std::string& input) {
    const Fd in = memory("in");
    const Fd out = memory("out");
    const Fd err = memory("err");
    write_all(in.get(), "the input of a command", input);
    ::lseek(in.get(), 0, SEEK_SET);

    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in.get(), STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, out.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, err.get(), STDERR_FILENO);
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (const auto& argument : arguments) {
        argv.push_back(const_cast<char*>(argument.c_str()));
    }
    argv.push_back(nullptr);
    pid_t child = 0;
    int error = 0;
    {
        const NetnsScope scope(netns_fd);
        error = ::posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
    }
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        throw system_error("run " + arguments[0], error);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    Outcome outcome;
    outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    outcome.output = content(out);
    outcome.errors = content(err);
    return outcome;
}

std::string must_run(int netns_fd, const std::vector<std::string>& arguments,
                     const std::string& input) {
    auto outcome = run(netns_fd, arguments, input);
    if (outcome.status != 0) {
        std::string line;
        for (const auto& argument : arguments) {
            line += argument + " ";
        }
        throw Error(Status::Internal,
                    line + "failed: " + outcome.errors + " (input: " + input + ")");
    }
    return std::move(outcome.output);
}

void ip(int netns_fd, const std::string& commands) {
    must_run(netns_fd, {"ip", "-batch", "-"}, commands);
}

}  // namespace terway::conformance
