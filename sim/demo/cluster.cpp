#include "sim/demo/cluster.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <sstream>
#include <thread>

#include "base/file.hpp"
#include "terway/error.hpp"

namespace terway::sim::demo {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

std::string last_lines(const std::string& text, std::size_t count) {
    std::size_t from = text.size();
    for (std::size_t i = 0; i <= count && from != std::string::npos && from > 0; ++i) {
        from = text.rfind('\n', from - 1);
    }
    return from == std::string::npos ? text : text.substr(from);
}

// A line of ip(8) without the lifetimes, which pass by themselves.
std::string without_passing(const std::string& line) {
    std::istringstream words(line);
    std::string kept;
    for (std::string word; words >> word;) {
        if (word == "valid_lft" || word == "preferred_lft" || word == "expires") {
            words >> word;
        } else {
            kept += (kept.empty() ? "" : " ") + word;
        }
    }
    return kept;
}

std::string args_of(const Pod& pod) {
    return "K8S_POD_NAMESPACE=demo;K8S_POD_NAME=" + pod.name +
           (pod.resources.empty() ? "" : ";TERWAY_RESOURCES=" + pod.resources);
}

}  // namespace

Binaries Binaries::beside_this_program() {
    const auto here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    Binaries found{here / "terwayd", here / "terway", here / "terwayctl",
                   here.parent_path() / "modules"};
    for (const auto& path : {found.terwayd, found.terway, found.terwayctl, found.modules}) {
        if (!std::filesystem::exists(path)) {
            throw Error(Status::Gone, path + " is missing; build it first (./dev demo does)");
        }
    }
    return found;
}

std::string run_in(const Netns& netns, const std::vector<std::string>& argv) {
    const auto outcome =
        run_program({argv, {{"PATH", kUsualPath}}, {}, netns.fd(), {}, {}}, after(seconds(20)));
    if (outcome.exit != 0) {
        throw Error(Status::Internal, argv[0] + " failed with " + std::to_string(outcome.exit) +
                                          ": " + outcome.err + outcome.out);
    }
    return outcome.out;
}

Pod::Pod(std::string pod_name)
    : name(std::move(pod_name)), container_id("demo-" + name), netns(Netns::create()) {}

std::string Pod::netns_path() const {
    return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(netns.fd());
}

const IpAddress& Pod::address(Family family) const {
    for (const auto& address : addresses) {
        if (address.family() == family) {
            return address;
        }
    }
    throw Error(Status::Gone, name + " has no address of that family");
}

Node::Node(const Fabric& fabric, std::string name, const std::string& profile, Binaries binaries)
    : name_(std::move(name)),
      binaries_(std::move(binaries)),
      directory_(fabric.directory() + "/" + name_),
      netns_(Netns::open(fabric.netns_path(name_))) {
    if (::mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST) {
        throw system_error(directory_, errno);
    }
    const auto text = profile + "[daemon]\nsocket = \"" + directory_ +
                      "/cni.sock\"\nstate_dir = \"" + directory_ + "/state\"\nqueue = \"" +
                      directory_ + "/queue\"\nmodule_dirs = [\"" + binaries_.modules +
                      "\"]\nadmin = \"unix:" + directory_ + "/admin.sock\"\n";
    write_file_durably(directory_ + "/profile.toml", text);
}

void Node::start() {
    const auto log = directory_ + "/log";
    const Fd file(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!file) {
        throw system_error(log, errno);
    }
    daemon_ = std::make_unique<Process>(
        in_node({binaries_.terwayd, "--profile", directory_ + "/profile.toml"}), file.get(),
        file.get());
    const auto deadline = after(seconds(60));
    while (Clock::now() < deadline && !daemon_->wait(Clock::now())) {
        try {
            (void)ctl("status");
            return;
        } catch (const Error&) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
    }
    throw Error(Status::Internal, "terwayd on " + name_ + " does not serve:" + log_tail());
}

Command Node::in_node(const std::vector<std::string>& argv) const {
    return {argv, {{"PATH", kUsualPath}}, {}, netns_.fd(), {}, {}};
}

int Node::end(int signal) {
    daemon_->signal(signal);
    const auto status = daemon_->wait(after(seconds(30)));
    if (!status) {
        throw Error(Status::Internal, "terwayd on " + name_ + " does not end:" + log_tail());
    }
    return *status;
}

std::string Node::log_tail() const {
    return last_lines(read_file(directory_ + "/log"), 10);
}

void Node::cni(const std::string& verb, Pod& pod) {
    auto config = cni_config();
    config["cniVersion"] = "1.0.0";
    config["name"] = "demo";
    const auto outcome = run_program({{binaries_.terway},
                                      {{"CNI_COMMAND", verb},
                                       {"CNI_CONTAINERID", pod.container_id},
                                       {"CNI_NETNS", pod.netns_path()},
                                       {"CNI_IFNAME", "eth0"},
                                       {"CNI_PATH", "/opt/cni/bin"},
                                       {"CNI_ARGS", args_of(pod)}},
                                      json::serialize(config),
                                      netns_.fd(),
                                      {},
                                      {}},
                                     after(seconds(60)));
    if (outcome.exit != 0) {
        throw Error(Status::Internal, verb + " of " + pod.name + " failed: " + outcome.out);
    }
    if (verb != "ADD") {
        return;
    }
    const auto result = json::parse(outcome.out);
    pod.addresses.clear();
    for (const auto& ip : result.at("ips").as_array()) {
        const std::string text(ip.at("address").as_string());
        pod.addresses.push_back(Prefix::parse(text).value().address());
    }
}

json::object Node::cni_config() const {
    return {
        {"type", "terway"}, {"socket", directory_ + "/cni.sock"}, {"queue", directory_ + "/queue"}};
}

Outcome Node::ask(const std::string& verb) const {
    return run_program(
        in_node({binaries_.terwayctl, verb, "-o", "json", "-s", directory_ + "/cni.sock"}),
        after(seconds(20)));
}

std::string Node::tell(const std::string& verb) const {
    const auto outcome = run_program(
        in_node({binaries_.terwayctl, verb, "-s", directory_ + "/cni.sock"}), after(seconds(20)));
    if (outcome.out.empty()) {
        throw Error(Status::Retry, outcome.err);
    }
    return outcome.out;
}

void Node::nft(const std::string& commands) const {
    const auto outcome =
        run_program({{"nft", "-f", "-"}, {{"PATH", kUsualPath}}, commands, netns_.fd(), {}, {}},
                    after(seconds(20)));
    if (outcome.exit != 0) {
        throw Error(Status::Internal, "nft failed: " + outcome.err);
    }
}

json::value Node::ctl(const std::string& verb) const {
    const auto outcome = ask(verb);
    if (outcome.exit != 0 && outcome.out.empty()) {
        throw Error(Status::Retry, outcome.err);
    }
    return json::parse(outcome.out);
}

double Node::daemon_rss() const {
    const auto status = read_file("/proc/" + std::to_string(daemon_->pid()) + "/status");
    const auto at = status.find("VmRSS:");
    return at == std::string::npos ? 0 : std::stod(status.substr(at + 6)) / 1024;
}

std::vector<std::string> Node::kernel_state() const {
    static const std::vector<std::vector<std::string>> questions{
        {"ip", "-o", "link"},
        {"ip", "-o", "address"},
        {"ip", "route", "show", "table", "all"},
        {"ip", "-6", "route", "show", "table", "all"},
        {"ip", "rule"},
        {"ip", "-6", "rule"},
        {"ip", "neighbour", "show", "nud", "permanent"},
        {"nft", "-s", "list", "ruleset"},
    };
    std::vector<std::string> all;
    for (const auto& argv : questions) {
        std::istringstream lines(command(argv));
        for (std::string line; std::getline(lines, line);) {
            all.push_back(without_passing(line));
        }
    }
    return all;
}

std::vector<std::string> difference(const std::vector<std::string>& before,
                                    const std::vector<std::string>& after) {
    auto one = before;
    auto other = after;
    std::sort(one.begin(), one.end());
    std::sort(other.begin(), other.end());
    std::vector<std::string> gone;
    std::vector<std::string> more;
    std::set_difference(one.begin(), one.end(), other.begin(), other.end(),
                        std::back_inserter(gone));
    std::set_difference(other.begin(), other.end(), one.begin(), one.end(),
                        std::back_inserter(more));
    std::vector<std::string> all;
    all.reserve(gone.size() + more.size());
    for (const auto& line : gone) {
        all.push_back("- " + line);
    }
    for (const auto& line : more) {
        all.push_back("+ " + line);
    }
    return all;
}

}  // namespace terway::sim::demo
