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
#include "sim/control.hpp"
#include "sim/describe.hpp"
#include "sim/fabric.hpp"
#include "sim/kube/control.hpp"
#include "sim/services.hpp"
#include "sim/simulation.hpp"
#include "sim/topology.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

constexpr const char* kControl = "/control";
constexpr const char* kAuthority = "/ca.pem";
constexpr const char* kEndpoint = "/openapi";
constexpr const char* kKubeconfig = "/kubeconfig";
constexpr const char* kNodeKubeconfig = "/kubeconfig-nodes";

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

std::string shown(Simulation& simulation, const std::string& name, bool json) {
    return simulation.cloud().with([&](Cloud& cloud) {
        return json ? describe_json(cloud.model(), name) : describe(cloud.model(), name);
    });
}

struct Place {
    std::string address;
    std::uint16_t port = 0;
};

// "127.0.0.1:0"; `option` is where it was written.
Place place_of(const std::string& option, const std::string& where) {
    const auto colon = where.rfind(':');
    const std::string address = where.substr(0, colon);
    constexpr unsigned long kLastPort = 65535;
    unsigned long port = kLastPort + 1;
    try {
        port = std::stoul(where.substr(colon + 1));
    } catch (const std::exception&) {
        port = kLastPort + 1;
    }
    if (colon == std::string::npos || port > kLastPort) {
        throw Error(Status::Invalid, option + " " + where + ": write ADDRESS:PORT");
    }
    return {address, static_cast<std::uint16_t>(port)};
}

// "127.0.0.1:0" -> "http://127.0.0.1:34567"
std::string listen_at(CloudServer& server, const std::string& where, bool tls) {
    const auto [address, port] = place_of("--listen", where);
    return (tls ? "https://" : "http://") + address + ":" +
           std::to_string(server.listen_openapi(address, port, tls));
}

// Writes the files for kubectl, of this machine and of the nodes.
void serve_kube(kube::KubeServer& server, const KubeTopology& topology,
                const std::string& directory) {
    constexpr const char* kToken = "admin-token";
    constexpr mode_t kPrivate = 0600;
    const std::string nodes =
        std::string("https://") + kKubeAddress + ":" + std::to_string(kKubePort);
    write_file_durably(directory + kNodeKubeconfig, server.kubeconfig(nodes, kToken), kPrivate);
    if (topology.listen.empty()) {
        return;
    }
    const auto [address, port] = place_of("listen of [kube]", topology.listen);
    const std::string here =
        "https://" + address + ":" + std::to_string(server.listen(address, port));
    write_file_durably(directory + kKubeconfig, server.kubeconfig(here, kToken), kPrivate);
    print("kubernetes " + here + ", export KUBECONFIG=" + directory + kKubeconfig + "\n");
}

Reply kube_control(kube::KubeServer* server, const Words& command) {
    if (server == nullptr) {
        return {false, "there is no Kubernetes; the topology needs a table [kube]\n"};
    }
    return kube::control(*server, Words(command.begin() + 1, command.end()));
}

}  // namespace

int run(const RunOptions& options) {
    const sigset_t stop = block_stop_signals();
    const Topology topology = load_whole_topology(options.topology);
    Simulation simulation(options.name, topology);
    const std::string& directory = simulation.fabric().directory();
    const std::string text = describe(topology.model, options.name);
    const ControlServer server(directory + kControl, [&](const Words& command) {
        if (!command.empty() && command.front() == "kube") {
            return kube_control(simulation.kube(), command);
        }
        return command == Words{"show"} || command == Words{"show", "--json"}
                   ? Reply{true, shown(simulation, options.name, command.size() > 1)}
                   : control(simulation.cloud(), command);
    });
    print(text);
    if (options.tls) {
        simulation.serve_tls();
        write_file_durably(directory + kAuthority, simulation.cloud().authority(), 0644);
        print("certificate authority " + directory + kAuthority + "\n");
    }
    if (options.listen) {
        const std::string endpoint = listen_at(simulation.cloud(), *options.listen, options.tls);
        write_file_durably(directory + kEndpoint, endpoint + "\n", 0644);
        print("openapi " + endpoint + "\n");
    }
    if (topology.kube) {
        serve_kube(*simulation.kube(), *topology.kube, directory);
    }
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
    print(
        ask(state_directory(name) + kControl, json ? Words{"show", "--json"} : Words{"show"}).text);
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

int control_running(const std::string& name, const Words& command) {
    need_running(name);
    const Reply reply = ask(state_directory(name) + kControl, command);
    if (!reply.ok) {
        throw Error(Status::Invalid, reply.text.substr(0, reply.text.size() - 1));
    }
    print(reply.text);
    return 0;
}

int kubeconfig(const std::string& name, bool of_nodes, bool path) {
    need_running(name);
    const std::string file = state_directory(name) + (of_nodes ? kNodeKubeconfig : kKubeconfig);
    print(path ? file + "\n" : read_file(file));
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
