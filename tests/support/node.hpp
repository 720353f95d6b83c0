// A node to run the daemon on: a network namespace with an uplink, and everything the daemon needs.
#pragma once

#include <boost/json.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/netns.hpp"
#include "cni.hpp"
#include "patience.hpp"
#include "process.hpp"
#include "sim/sandbox.hpp"
#include "workshop.hpp"

namespace terway::test {

using sim::Sandbox;

// What differs from one test's profile to the next's. Text is TOML.
struct Settings {
    std::vector<std::string> pod_cidrs{"172.20.1.0/24", "fd00:20:1::/64"};
    std::string cool_down = "0s";
    std::string pool;   // further lines of [pool]
    std::string cloud;  // of [cloud]
    std::string dataplane = "veth";
    std::string chain;                     // further lines of [chain], and its [[chain.when]]
    std::string endpoint;                  // of [endpoint]
    std::string daemon;                    // of [daemon]
    std::string veth;                      // of [module.veth]
    std::string modules;                   // further tables
    std::vector<std::string> module_dirs;  // searched before those of the build
};

// A running terwayd. Destruction kills it.
class Daemon {
public:
    // Does not wait for it to serve.
    Daemon(const Command& command, const std::string& log_file, Fd notify);

    // True once it has told that it is ready; false if it ends or the limit passes first.
    [[nodiscard]] bool serves(
        std::chrono::milliseconds limit = patience(std::chrono::seconds(30))) const;
    [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }
    // Ends it by SIGTERM and tells its exit status; waits.
    ExitCode stop();
    // By SIGKILL.
    void kill();
    [[nodiscard]] std::optional<ExitCode> wait(
        std::chrono::milliseconds limit = patience(std::chrono::seconds(30)));
    // Everything it has logged so far.
    [[nodiscard]] std::string log() const;
    [[nodiscard]] bool logged(const std::string& text) const;

private:
    Fd log_;
    Fd notify_;
    Process process_;
};

class Node {
public:
    explicit Node(Settings settings = {});
    // In a namespace that somebody else has made and given links.
    Node(Settings settings, Netns node);
    ~Node();
    Node(Node&&) = delete;

    // On the node's far side of the uplink.
    static constexpr const char* kNode4 = "192.0.2.1";
    static constexpr const char* kNode6 = "2001:db8::1";
    static constexpr const char* kOutside4 = "192.0.2.2";
    static constexpr const char* kOutside6 = "2001:db8::2";
    // Outside as well, but within the cluster's ranges, so not masqueraded.
    static constexpr const char* kCluster4 = "10.1.0.1";
    static constexpr const char* kCluster6 = "fd00:99::1";

    [[nodiscard]] int fd() const noexcept { return node_.fd(); }
    [[nodiscard]] int outside_fd() const { return outside_.value().fd(); }
    [[nodiscard]] const Workshop& files() const noexcept { return files_; }
    [[nodiscard]] std::string profile() const { return files_ / "profile.toml"; }
    [[nodiscard]] std::string socket() const { return files_ / "run/cni.sock"; }
    [[nodiscard]] std::string state() const { return files_ / "state"; }
    [[nodiscard]] std::string queue() const { return files_ / "queue"; }
    [[nodiscard]] Settings& settings() noexcept { return settings_; }

    // Starts terwayd with the profile of the present settings.
    [[nodiscard]] std::unique_ptr<Daemon> launch(const std::map<std::string, std::string>& env = {},
                                                 const std::optional<PrivateTmpfs>& tmpfs = {});
    // The same, and waits until it serves; throws Error with its log if it does not.
    [[nodiscard]] std::unique_ptr<Daemon> start(const std::map<std::string, std::string>& env = {},
                                                const std::optional<PrivateTmpfs>& tmpfs = {});
    // Runs terwayd to its end, or throws.
    [[nodiscard]] Outcome run_daemon(const std::vector<std::string>& arguments,
                                     const std::optional<uid_t>& uid = {});

    [[nodiscard]] std::unique_ptr<Sandbox> sandbox(const std::string& name);
    [[nodiscard]] Command cni_command(const CniCall& call) const;
    [[nodiscard]] CniReply cni(const CniCall& call) const;
    [[nodiscard]] CniReply add(const std::string& container, const Sandbox& sandbox) const;
    [[nodiscard]] CniReply del(const std::string& container, const std::string& netns = {}) const;
    [[nodiscard]] CniReply del(const std::string& container, const Sandbox& sandbox) const;
    [[nodiscard]] CniReply status() const;
    // terwayctl.
    [[nodiscard]] Outcome ctl(const std::vector<std::string>& arguments) const;
    // One that goes on; what it prints goes to a descriptor that is lent.
    [[nodiscard]] std::unique_ptr<Process> start_ctl(const std::vector<std::string>& arguments,
                                                     int output) const;
    [[nodiscard]] boost::json::value ctl_json(const std::string& verb) const;
    // One GET on the admin socket: the whole response.
    [[nodiscard]] std::string http(const std::string& target) const;
    // A shell command, in the node's or another namespace. Throws Error if it fails.
    std::string shell(const std::string& text) const { return shell(text, node_.fd()); }
    static std::string shell(const std::string& text, int netns_fd);
    // Files in the queue that are tickets.
    [[nodiscard]] std::vector<std::string> tickets() const;

private:
    [[nodiscard]] Command ctl_command(const std::vector<std::string>& arguments) const;
    void write_profile() const;
    [[nodiscard]] Command daemon_command(const std::vector<std::string>& arguments) const;

    Workshop files_;
    Settings settings_;
    Netns node_;
    std::optional<Netns> outside_;
};

}  // namespace terway::test
