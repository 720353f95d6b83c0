// Nodes with a terwayd, and pods added to them by the real CNI binary.
#pragma once

#include <signal.h>

#include <boost/json.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/netns.hpp"
#include "sim/fabric.hpp"
#include "sim/process.hpp"

namespace terway::sim::demo {

// The programs of one build.
struct Binaries {
    std::string terwayd;
    std::string terway;
    std::string terwayctl;
    std::string modules;  // directory

    // Beside the running program. Throws Error(Gone) naming what is missing.
    [[nodiscard]] static Binaries beside_this_program();
};

// Runs a program in a namespace. Throws Error if it fails.
std::string run_in(const Netns& netns, const std::vector<std::string>& argv);

struct Pod {
    std::string name;
    std::string container_id;
    std::string resources;  // that its containers ask for: "aliyun/eni:1"
    Netns netns;
    std::vector<IpAddress> addresses;

    explicit Pod(std::string pod_name);
    // A path the CNI binary can open while this process lives.
    [[nodiscard]] std::string netns_path() const;
    // Of the family. Throws Error(Gone) if it has none.
    [[nodiscard]] const IpAddress& address(Family family) const;
};

class Node {
public:
    // `profile` is TOML without [daemon]. Files go below the simulation's own directory.
    Node(const Fabric& fabric, std::string name, const std::string& profile, Binaries binaries);

    // Starts terwayd and waits until it answers. Throws Error with the end of its log.
    void start();
    void kill() { (void)end(SIGKILL); }
    // Exit status of a clean stop.
    [[nodiscard]] int stop() { return end(SIGTERM); }

    // Execs the CNI binary; fills in the pod's addresses on ADD. Throws Error with what it printed.
    void cni(const std::string& verb, Pod& pod);
    // Of the CNI binary, as an element of a conflist.
    [[nodiscard]] boost::json::object cni_config() const;
    // What terwayctl says. Throws Error.
    [[nodiscard]] boost::json::value ctl(const std::string& verb) const;
    // The same as people read it.
    [[nodiscard]] std::string tell(const std::string& verb) const;
    // JSON as it comes, and exit status.
    [[nodiscard]] Outcome ask(const std::string& verb) const;
    // Runs a program in the node's namespace. Throws Error if it fails.
    std::string command(const std::vector<std::string>& argv) const { return run_in(netns_, argv); }
    // Runs nft commands in the node's namespace. Throws Error.
    void nft(const std::string& commands) const;

    // One line for each kernel object: links, addresses, routes, permanent neighbours, nftables.
    [[nodiscard]] std::vector<std::string> kernel_state() const;

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const Netns& netns() const noexcept { return netns_; }
    [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
    // Memory of the daemon in MiB.
    [[nodiscard]] double daemon_rss() const;

private:
    [[nodiscard]] std::string log_tail() const;
    [[nodiscard]] Command in_node(const std::vector<std::string>& argv) const;
    int end(int signal);

    const std::string name_;
    const Binaries binaries_;
    const std::string directory_;
    Netns netns_;
    std::unique_ptr<Process> daemon_;
};

// Lines in one and not in the other, marked + and -.
[[nodiscard]] std::vector<std::string> difference(const std::vector<std::string>& before,
                                                  const std::vector<std::string>& after);

}  // namespace terway::sim::demo
