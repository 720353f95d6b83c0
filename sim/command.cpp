#include "sim/command.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <csignal>
#include <cstdio>

#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/netns.hpp"
#include "sim/describe.hpp"
#include "sim/fabric.hpp"
#include "sim/topology.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

constexpr const char* kText = "/show.txt";
constexpr const char* kJson = "/show.json";

sigset_t block_stop_signals() {
    sigset_t stop;
    sigemptyset(&stop);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        sigaddset(&stop, signal);
    }
    ::pthread_sigmask(SIG_BLOCK, &stop, nullptr);
    return stop;
}

void print(const std::string& text) {
    (void)std::fputs(text.c_str(), stdout);
    (void)std::fflush(stdout);
}

void announce(const RunOptions& options) {
    if (options.ready_fd) {
        const Fd fd(*options.ready_fd);
        write_all(fd.get(), "the descriptor given with --ready-fd", "ready\n");
    }
    if (options.ready_file) {
        write_file_durably(*options.ready_file, "ready\n", 0644);
    }
    print("ready\n");
}

void need_running(const std::string& name) {
    check_name("simulation", name);
    if (!is_running(name)) {
        throw Error(Status::Gone, "simulation " + name +
                                      ": is not running; start it with: terway-sim run --name " +
                                      name + " TOPOLOGY.toml");
    }
}

// As `ip netns exec` does: /sys must show the namespace's own links.
void enter(const std::string& path) {
    const Netns netns = Netns::open(path);
    if (::setns(netns.fd(), CLONE_NEWNET) != 0 || ::unshare(CLONE_NEWNS) != 0) {
        throw system_error("enter " + path, errno);
    }
    if (::mount("", "/", "none", MS_SLAVE | MS_REC, nullptr) != 0 ||
        (::umount2("/sys", MNT_DETACH) != 0 && errno != EINVAL) ||
        ::mount("sysfs", "/sys", "sysfs", 0, nullptr) != 0) {
        throw system_error("mount /sys of " + path, errno);
    }
}

}  // namespace

int run(const RunOptions& options) {
    const sigset_t stop = block_stop_signals();
    const Model model = load_topology(options.topology);
    Fabric fabric(options.name);
    fabric.render(model);
    const std::string text = describe(model, options.name);
    write_file_durably(fabric.directory() + kText, text, 0644);
    write_file_durably(fabric.directory() + kJson, describe_json(model, options.name), 0644);
    print(text);
    announce(options);
    int signal = 0;
    ::sigwait(&stop, &signal);
    print("stopping: removing simulation " + options.name + "\n");
    return 0;
}

int clean(const std::string& name) {
    print(remove_leftovers(name) ? "removed what was left of simulation " + name + "\n"
                                 : "nothing is left of simulation " + name + "\n");
    return 0;
}

int show(const std::string& name, bool json) {
    need_running(name);
    print(read_file(state_directory(name) + (json ? kJson : kText)));
    return 0;
}

int show_drops(const std::string& name, bool json) {
    need_running(name);
    const auto all = drops(name);
    if (!json) {
        print(describe_drops(all));
        return 0;
    }
    boost::json::array list;
    for (const auto& drop : all) {
        list.push_back(boost::json::object{
            {"reason", drop.reason}, {"eni", drop.eni}, {"packets", drop.packets}});
    }
    print(boost::json::serialize(list) + "\n");
    return 0;
}

int exec(const std::string& name, const std::string& space,
         const std::vector<std::string>& command) {
    need_running(name);
    enter(netns_path(name, space));
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (const auto& argument : command) {
        arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    ::execvp(arguments.front(), arguments.data());
    throw system_error("run " + command.front(), errno);
}

}  // namespace terway::sim
