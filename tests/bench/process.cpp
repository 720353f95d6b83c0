#include "process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/file.hpp"
#include "interrupt.hpp"
#include "terway/error.hpp"

namespace terway::bench {
namespace {

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
            throw system_error("make a pipe", errno);
        }
        read.reset(ends[0]);
        write.reset(ends[1]);
    }
    Fd read;
    Fd write;
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> all;
    all.reserve(texts.size() + 1);
    for (const auto& text : texts) {
        all.push_back(const_cast<char*>(text.c_str()));
    }
    all.push_back(nullptr);
    return all;
}

void read_to_end(int fd, std::string& into) {
    std::array<char, 4096> chunk{};
    while (true) {
        const auto got = ::read(fd, chunk.data(), chunk.size());
        if (got == 0) {
            return;
        }
        if (got > 0) {
            into.append(chunk.data(), static_cast<std::size_t>(got));
        } else if (errno == EINTR) {
            check_interrupted();
        } else {
            throw system_error("read a program's output", errno);
        }
    }
}

void expect_success(const Command& command, const Ran& ran) {
    if (ran.exit != 0) {
        throw Error(Status::Internal, command.words.front() + " failed with status " +
                                          std::to_string(ran.exit) + ": " + ran.output +
                                          ran.complaint);
    }
}

}  // namespace

Child::Child(const Command& command) : pid_(-1) {
    Pipe in;
    Pipe out;
    Pipe err;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in.read.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out.write.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err.write.get(), STDERR_FILENO);
    const auto arguments = pointers(command.words);
    const auto environment = pointers(command.environment);
    const int error = ::posix_spawn(&pid_, arguments.front(), &actions, nullptr, arguments.data(),
                                    environment.data());
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        pid_ = -1;
        throw system_error("start " + command.words.front(), error);
    }
    output_ = std::move(out.read);
    complaint_ = std::move(err.read);
    write_all(in.write.get(), "a program's input", command.input);
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      output_(std::move(other.output_)),
      complaint_(std::move(other.complaint_)) {}

Child::~Child() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
}

Ran Child::finish() {
    Ran ran;
    read_to_end(output_.get(), ran.output);
    read_to_end(complaint_.get(), ran.complaint);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0) {
        if (errno != EINTR) {
            throw system_error("wait for a program", errno);
        }
        check_interrupted();
    }
    pid_ = -1;
    ran.exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return ran;
}

double milliseconds_between(Clock::time_point from, Clock::time_point to) {
    return std::chrono::duration<double, std::milli>(to - from).count();
}

Timed run_timed(const Command& command) {
    check_interrupted();
    const auto begin = Clock::now();
    Child child(command);
    Timed timed;
    timed.ran = child.finish();
    timed.ms = milliseconds_between(begin, Clock::now());
    expect_success(command, timed.ran);
    return timed;
}

double Storm::ms() const {
    return milliseconds_between(begin, end);
}

Storm run_all(const std::vector<Command>& commands) {
    check_interrupted();
    std::vector<Child> children;
    children.reserve(commands.size());
    Storm storm;
    storm.begin = Clock::now();
    for (const auto& command : commands) {
        children.emplace_back(command);
    }
    std::vector<Ran> all;
    all.reserve(children.size());
    for (auto& child : children) {
        all.push_back(child.finish());
    }
    storm.end = Clock::now();
    for (std::size_t i = 0; i < all.size(); ++i) {
        expect_success(commands[i], all[i]);
    }
    return storm;
}

}  // namespace terway::bench
