#include "sim/process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/file.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> all;
    all.reserve(texts.size() + 1);
    for (const auto& text : texts) {
        all.push_back(const_cast<char*>(text.c_str()));
    }
    all.push_back(nullptr);
    return all;
}

Fd memory_file(const std::string& content = {}) {
    Fd fd(::memfd_create("program", MFD_CLOEXEC));
    if (!fd) {
        throw system_error("memfd_create", errno);
    }
    if (!content.empty()) {
        write_all(fd.get(), "memory file", content);
        (void)::lseek(fd.get(), 0, SEEK_SET);
    }
    return fd;
}

std::string content_of(const Fd& fd) {
    (void)::lseek(fd.get(), 0, SEEK_SET);
    return read_all(fd.get(), "memory file");
}

// Everything below runs between fork and exec: system calls only.
[[noreturn]] void give_up(const char* what) {
    ::perror(what);
    ::_exit(127);
}

bool mount_private(const PrivateTmpfs& tmpfs, const char* options) {
    return ::unshare(CLONE_NEWNS) == 0 &&
           ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           ::mount("tmpfs", tmpfs.path.c_str(), "tmpfs", 0, options) == 0;
}

struct Prepared {
    std::vector<char*> argv;
    std::vector<char*> env;
    std::array<int, 3> standard;
    std::string tmpfs_options;
    pid_t parent;
};

[[noreturn]] void become(const Command& command, const Prepared& prepared) {
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int i = 0; i < 3; ++i) {
        if (::dup2(prepared.standard[static_cast<std::size_t>(i)], i) < 0) {
            ::_exit(127);
        }
    }
    if (command.netns_fd >= 0 && ::setns(command.netns_fd, CLONE_NEWNET) != 0) {
        give_up("setns");
    }
    if (command.tmpfs && !mount_private(*command.tmpfs, prepared.tmpfs_options.c_str())) {
        give_up("private tmpfs");
    }
    if (command.uid && (::setgroups(0, nullptr) != 0 || ::setgid(*command.uid) != 0 ||
                        ::setuid(*command.uid) != 0)) {
        give_up("setuid");
    }
    // Last: a change of credentials takes it back.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != prepared.parent) {
        ::_exit(127);
    }
    ::execvpe(prepared.argv.front(), prepared.argv.data(), prepared.env.data());
    give_up(prepared.argv.front());
}

}  // namespace

Process::Process(const Command& command, int output, int error_output) {
    const Fd input = memory_file(command.input);
    const Fd nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    std::vector<std::string> env;
    for (const auto& [name, value] : command.env) {
        env.push_back(name + "=" + value);
    }
    const Prepared prepared{pointers(command.argv),
                            pointers(env),
                            {input.get(), output < 0 ? nowhere.get() : output,
                             error_output < 0 ? nowhere.get() : error_output},
                            command.tmpfs ? "mode=0700,size=" + command.tmpfs->size : "",
                            ::getpid()};
    pid_ = ::fork();
    if (pid_ == 0) {
        become(command, prepared);
    }
    if (pid_ < 0) {
        throw system_error("fork", errno);
    }
    pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
}

Process::~Process() {
    if (!ended_) {
        signal(SIGKILL);
        (void)::waitpid(pid_, nullptr, 0);
    }
}

void Process::signal(int number) const {
    if (!ended_) {
        (void)::kill(pid_, number);
    }
}

std::optional<ExitCode> Process::wait(Deadline deadline) {
    if (ended_) {
        return ended_;
    }
    pollfd item{pidfd_.get(), POLLIN, 0};
    while (::poll(&item, 1, static_cast<int>(left(deadline).count())) < 0 && errno == EINTR) {
    }
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) {
        return std::nullopt;
    }
    ended_ = WIFEXITED(status) ? WEXITSTATUS(status) : by_signal(WTERMSIG(status));
    return ended_;
}

Outcome run_program(const Command& command, Deadline deadline) {
    const Fd out = memory_file();
    const Fd err = memory_file();
    Process process(command, out.get(), err.get());
    const auto exit = process.wait(deadline);
    if (!exit) {
        throw Error(Status::Retry, command.argv.front() + " has not ended in time; it wrote: " +
                                       content_of(out) + content_of(err));
    }
    return {*exit, content_of(out), content_of(err)};
}

}  // namespace terway::sim
