#include "support.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "base/file.hpp"
#include "terway/error.hpp"

#ifndef TERWAY_BINARY
#define TERWAY_BINARY ""
#endif

namespace terway::cni::test {
namespace {

Fd checked(int fd, const char* what) {
    if (fd < 0) {
        throw system_error(what, errno);
    }
    return Fd(fd);
}

std::pair<Fd, Fd> socket_pair() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        throw system_error("socketpair", errno);
    }
    return {Fd(ends[0]), Fd(ends[1])};
}

std::pair<Fd, Fd> pipe_pair() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw system_error("pipe", errno);
    }
    return {Fd(ends[0]), Fd(ends[1])};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> list;
    list.reserve(texts.size() + 1);
    for (auto& text : texts) {
        list.push_back(text.data());
    }
    list.push_back(nullptr);
    return list;
}

}  // namespace

Environment environment_for(const std::string& verb) {
    Environment env{{"CNI_COMMAND", verb}, {"CNI_PATH", "/opt/cni/bin:/usr/lib/cni"}};
    if (verb == "ADD" || verb == "DEL" || verb == "CHECK") {
        env["CNI_CONTAINERID"] = "0123abc";
        env["CNI_NETNS"] = "/run/netns/pod";
        env["CNI_IFNAME"] = "eth0";
    }
    return env;
}

std::string config_with(const std::string& more) {
    return R"({"cniVersion":"1.1.0","name":"pods","type":"terway")" +
           (more.empty() ? "" : ',' + more) + '}';
}

ScratchDirectory::ScratchDirectory() {
    std::string path = "/tmp/terway-cni-test-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) {
        throw system_error("mkdtemp", errno);
    }
    path_ = path;
}

ScratchDirectory::~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string ScratchDirectory::operator/(const std::string& name) const {
    return path_ + '/' + name;
}

std::vector<std::string> files_in(const std::string& directory) {
    std::vector<std::string> names;
    std::error_code missing;
    for (const auto& entry : std::filesystem::directory_iterator(directory, missing)) {
        names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::size_t open_descriptors() {
    const auto entries = std::filesystem::directory_iterator("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

bool eventually(const std::function<bool()>& holds) {
    const auto deadline = after(std::chrono::seconds(10));
    while (!holds()) {
        if (Clock::now() > deadline) {
            return false;
        }
        ::poll(nullptr, 0, 2);
    }
    return true;
}

Fd listen_at(const std::string& path, int backlog) {
    Fd listener = checked(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        ::listen(listener.get(), backlog) != 0) {
        throw system_error("listen at " + path, errno);
    }
    return listener;
}

FakeDaemon::FakeDaemon(const std::string& path, std::vector<Behaviour> behaviours)
    : thread_([path, behaviours = std::move(behaviours),
               listener = listen_at(path)](const std::stop_token& stop) mutable {
          for (const auto& behave : behaviours) {
              pollfd item{.fd = listener.get(), .events = POLLIN, .revents = 0};
              while (!stop.stop_requested() && ::poll(&item, 1, 10) == 0) {
              }
              if (stop.stop_requested()) {
                  break;
              }
              Connection connection(Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)));
              try {
                  behave(connection);
              } catch (const Error&) {
                  // What the client does wrong shows in what the test expects of it.
              }
          }
          ::unlink(path.c_str());
      }) {}

FakeDaemon::~FakeDaemon() = default;

Pair::Pair() : Pair(socket_pair()) {}
Pair::Pair(std::pair<Fd, Fd> ends) : left(std::move(ends.first)), right(std::move(ends.second)) {}

Child::Child(const Environment& env, const std::string& input,
             const std::vector<std::string>& arguments) {
    const Fd file = checked(::memfd_create("input", MFD_CLOEXEC), "memfd_create");
    write_all(file.get(), "input", input);
    ::lseek(file.get(), 0, SEEK_SET);
    start(env, file.get(), arguments);
}

Child::Child(const Environment& env, Fd input, const std::vector<std::string>& arguments) {
    start(env, input.get(), arguments);
}

void Child::start(const Environment& env, int input, const std::vector<std::string>& arguments) {
    auto out = pipe_pair();
    auto err = pipe_pair();
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, out.second.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, err.second.get(), STDERR_FILENO);
    std::vector<std::string> argv{"terway"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    std::vector<std::string> variables;
    for (const auto& [name, value] : env) {
        variables.push_back(name);
        variables.back().append(1, '=').append(value);
    }
    const int error = ::posix_spawn(&pid_, TERWAY_BINARY, &actions, nullptr, pointers(argv).data(),
                                    pointers(variables).data());
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        throw system_error(std::string("run ") + TERWAY_BINARY, error);
    }
    out_ = std::move(out.first);
    err_ = std::move(err.first);
}

Child::~Child() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
}

void Child::signal(int number) const {
    ::kill(pid_, number);
}

Outcome Child::wait() {
    std::jthread killer(
        [pid = pid_, deadline = after(std::chrono::seconds(30))](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                if (Clock::now() > deadline) {
                    ::kill(pid, SIGKILL);
                    return;
                }
                ::poll(nullptr, 0, 5);
            }
        });
    Outcome outcome;
    outcome.out = read_all(out_.get(), "standard output");
    outcome.err = read_all(err_.get(), "standard error");
    int status = 0;
    ::waitpid(pid_, &status, 0);
    killer.request_stop();
    pid_ = -1;
    if (WIFEXITED(status)) {
        outcome.exit = WEXITSTATUS(status);
    } else {
        outcome.signal = WTERMSIG(status);
    }
    return outcome;
}

Outcome run_binary(const Environment& env, const std::string& input) {
    return Child(env, input).wait();
}

}  // namespace terway::cni::test
