#include "daemon.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/file.hpp"
#include "base/time.hpp"
#include "interrupt.hpp"
#include "process.hpp"
#include "readings.hpp"
#include "terway/error.hpp"

namespace terway::bench {
namespace {

constexpr std::chrono::seconds kStartTime{200};  // an emulated processor is slow
constexpr std::chrono::seconds kStopTime{15};

void write_text(const std::string& path, const std::string& text) {
    std::ofstream file(path);
    file << text;
    if (!file.flush()) {
        throw Error(Status::Internal, "cannot write " + path);
    }
}

// Between fork and exec: only what is safe there.
[[noreturn]] void become(const char* program, const char* profile, int log, int node_netns,
                         pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent || ::setns(node_netns, CLONE_NEWNET) != 0) {
        ::_exit(126);
    }
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    ::execl(program, program, "--profile", profile, nullptr);
    ::_exit(127);
}

}  // namespace

std::string vpc_route_profile(const std::string& pod_cidr) {
    return "profile = \"vpc-route\"\n"
           "[chain]\ndataplane = \"veth\"\n"
           "[node]\npod_cidrs = [\"" +
           pod_cidr +
           "\"]\n"
           "[pool]\ncool_down = \"2s\"\n"
           "[module.veth]\ncluster_cidrs = [\"172.20.0.0/16\", \"10.0.0.0/8\"]\n";
}

std::string Daemon::profile_end(const Programs& programs) const {
    return "[daemon]\nsocket = \"" + socket() + "\"\nadmin = \"unix:" + admin() +
           "\"\nstate_dir = \"" + directory_ + "/state\"\nqueue = \"" + directory_ +
           "/state/queue\"\nmodule_dirs = [\"" + programs.modules + "\"]\n";
}

Daemon::Daemon(const Programs& programs, const std::string& directory, int node_netns,
               const std::string& profile_text)
    : directory_(directory),
      run_("/run/" + std::filesystem::path(directory).filename().string()),
      terwayctl_(programs.bin + "/terwayctl") {
    std::filesystem::create_directories(directory);
    std::filesystem::permissions(directory, std::filesystem::perms::owner_all);
    const auto profile = directory + "/profile.toml";
    write_text(profile, profile_text + profile_end(programs));
    const auto program = programs.bin + "/terwayd";
    const auto log_path = directory + "/log";
    const Fd log(
        ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
    if (!log) {
        throw system_error(log_path, errno);
    }
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) {
        become(program.c_str(), profile.c_str(), log.get(), node_netns, parent);
    }
    if (pid_ < 0) {
        throw system_error("start " + program, errno);
    }
    await_serving();
}

Daemon::~Daemon() {
    if (pid_ <= 0) {
        return;
    }
    ::kill(pid_, SIGTERM);
    const auto deadline = after(kStopTime);
    while (::waitpid(pid_, nullptr, WNOHANG) == 0) {
        if (Clock::now() > deadline) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
            return;
        }
        (void)::poll(nullptr, 0, 5);
    }
}

void Daemon::await_serving() {
    const auto deadline = after(kStartTime);
    while (log().find("msg=serving") == std::string::npos) {
        check_interrupted();
        const bool dead = ::waitpid(pid_, nullptr, WNOHANG) == pid_;
        if (dead || Clock::now() > deadline) {
            if (!dead) {
                ::kill(pid_, SIGKILL);
                ::waitpid(pid_, nullptr, 0);
            }
            pid_ = -1;
            throw Error(Status::Internal, "terwayd does not come up; its log:\n" + log());
        }
        (void)::poll(nullptr, 0, 10);
    }
}

std::string Daemon::network_config() const {
    return R"({"cniVersion":"1.1.0","name":"bench","type":"terway","socket":")" + socket() +
           R"(","queue":")" + directory_ + R"(/state/queue"})";
}

std::string Daemon::ask(const std::string& verb) const {
    // Its status is about the daemon's troubles, too.
    const auto ran = Child({{terwayctl_, "-s", socket(), "-o", "json", verb}, {}, {}}).finish();
    if (ran.output.empty()) {
        throw Error(Status::Internal, "terwayctl " + verb + ": " + ran.complaint);
    }
    return ran.output;
}

std::string Daemon::log() const {
    return read_file(directory_ + "/log");
}

Memory Daemon::memory() const {
    const auto process = "/proc/" + std::to_string(pid_);
    const auto status = read_file(process + "/status");
    return {mib_of(status, "VmRSS"), mib_of(read_file(process + "/smaps_rollup"), "Pss"),
            mib_of(status, "RssAnon"), mib_of(status, "VmHWM")};
}

double Daemon::cpu_seconds() const {
    return cpu_seconds_of(read_file("/proc/" + std::to_string(pid_) + "/stat"));
}

std::string Daemon::metrics() const {
    return fetch_page(admin(), "/metrics");
}

Samples Daemon::logged(const std::string& verb) const {
    Samples samples;
    std::istringstream lines(log());
    for (std::string line; std::getline(lines, line);) {
        const auto at = line.find(" ms=");
        if (line.find("msg=done") != std::string::npos && at != std::string::npos &&
            line.find(" verb=" + verb + " ") != std::string::npos) {
            samples.add(std::stod(line.substr(at + 4)));
        }
    }
    return samples;
}

}  // namespace terway::bench
