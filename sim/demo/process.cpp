#include "sim/demo/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/file.hpp"
#include "terway/error.hpp"

namespace terway::sim::demo {
namespace {

constexpr const char* kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Argument vectors made before fork, because nothing may be allocated after it.
struct Prepared {
    explicit Prepared(const Command& command) : words(command.argv) {
        auto all = command.environment;
        all.try_emplace("PATH", kPath);
        for (const auto& [name, value] : all) {
            settings.push_back(name);
            settings.back().append("=").append(value);
        }
        for (auto& word : words) {
            argv.push_back(word.data());
        }
        for (auto& setting : settings) {
            envp.push_back(setting.data());
        }
        argv.push_back(nullptr);
        envp.push_back(nullptr);
    }
    std::vector<std::string> words;
    std::vector<std::string> settings;
    std::vector<char*> argv;
    std::vector<char*> envp;
};

[[noreturn]] void become(const Prepared& prepared, int netns_fd, int in, int out, int err) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    if (netns_fd >= 0 && ::setns(netns_fd, CLONE_NEWNET) != 0) {
        ::_exit(126);
    }
    ::dup2(in, STDIN_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(err, STDERR_FILENO);
    ::execvpe(prepared.argv[0], prepared.argv.data(), prepared.envp.data());
    ::_exit(127);
}

pid_t start(const Prepared& prepared, int netns_fd, int in, int out, int err) {
    const pid_t child = ::fork();
    if (child < 0) {
        throw system_error("start " + prepared.words.front(), errno);
    }
    if (child == 0) {
        become(prepared, netns_fd, in, out, err);
    }
    return child;
}

int status_of(int raw) {
    return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
}

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

// Collects both outputs until their ends close; false if the deadline comes first.
bool collect(Fd& out, Fd& err, Outcome& outcome, Deadline deadline) {
    std::array<char, 4096> chunk{};
    std::array<std::pair<Fd*, std::string*>, 2> streams{
        {{&out, &outcome.output}, {&err, &outcome.errors}}};
    while (out || err) {
        std::array<pollfd, 2> wait{{{out.get(), POLLIN, 0}, {err.get(), POLLIN, 0}}};
        const int ready =
            ::poll(wait.data(), wait.size(), static_cast<int>(left(deadline).count()));
        if (ready == 0) {
            return false;
        }
        for (std::size_t i = 0; i < wait.size(); ++i) {
            if (ready < 0 || wait[i].revents == 0) {
                continue;
            }
            const auto got = ::read(wait[i].fd, chunk.data(), chunk.size());
            if (got > 0) {
                streams[i].second->append(chunk.data(), static_cast<std::size_t>(got));
            } else {
                streams[i].first->reset();
            }
        }
    }
    return true;
}

}  // namespace

Outcome run(const Command& command, Deadline deadline) {
    const Prepared prepared(command);
    Pipe in;
    Pipe out;
    Pipe err;
    const pid_t child =
        start(prepared, command.netns_fd, in.read.get(), out.write.get(), err.write.get());
    in.read.reset();
    out.write.reset();
    err.write.reset();
    write_all(in.write.get(), "standard input of " + command.argv.front(), command.input);
    in.write.reset();
    Outcome outcome;
    if (!collect(out.read, err.read, outcome, deadline)) {
        ::kill(child, SIGKILL);
    }
    int raw = 0;
    while (::waitpid(child, &raw, 0) < 0 && errno == EINTR) {
    }
    outcome.exit = status_of(raw);
    return outcome;
}

Process::Process(const Command& command, const std::string& log_file) {
    const Prepared prepared(command);
    const Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const Fd log(::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!log) {
        throw system_error(log_file, errno);
    }
    pid_ = start(prepared, command.netns_fd, null.get(), log.get(), log.get());
}

int Process::end(int signal) {
    if (pid_ < 0) {
        return 0;
    }
    ::kill(pid_, signal);
    int raw = 0;
    while (::waitpid(pid_, &raw, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status_of(raw);
}

bool Process::running() {
    int raw = 0;
    if (pid_ >= 0 && ::waitpid(pid_, &raw, WNOHANG) == pid_) {
        pid_ = -1;
    }
    return pid_ >= 0;
}

Process::~Process() {
    (void)end(SIGKILL);
}

}  // namespace terway::sim::demo
