// terwayd under test: its own node namespace, profile, state and log.
#pragma once

#include <sys/types.h>

#include <string>

#include "samples.hpp"
#include "world.hpp"

namespace terway::bench {

struct Programs {
    std::string bin;      // terwayd, terway, terwayctl, terway-bench-*
    std::string modules;  // veth.so and its like
    std::string peers;    // ptp, host-local and their like
};

struct Memory {  // MiB
    double rss = 0;
    double pss = 0;
    double anonymous = 0;
    double peak = 0;  // of rss
};

// A profile for VPC route mode, without [daemon].
[[nodiscard]] std::string vpc_route_profile(const std::string& pod_cidr);

// Serving when the constructor returns; stopped by the destructor, and killed with this process.
class Daemon {
public:
    // `profile` has no [daemon]; its files are in `directory`, whose last part names it among the
    // daemons of this process. Throws Error, with the daemon's log, if it does not come up.
    Daemon(const Programs& programs, const std::string& directory, int node_netns,
           const std::string& profile);
    ~Daemon();
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    // The network configuration that leads to this daemon.
    [[nodiscard]] std::string network_config() const;
    // What terwayctl says to a verb, as JSON. Throws Error.
    [[nodiscard]] std::string ask(const std::string& verb) const;
    [[nodiscard]] Memory memory() const;
    // Processor time since its start, of user and system.
    [[nodiscard]] double cpu_seconds() const;
    // The page of its metrics.
    [[nodiscard]] std::string metrics() const;
    // What the daemon logged as its own time for requests of one verb, so far.
    [[nodiscard]] Samples logged(const std::string& verb) const;
    [[nodiscard]] std::string log() const;

private:
    [[nodiscard]] std::string socket() const { return run_ + "/cni.sock"; }
    [[nodiscard]] std::string admin() const { return run_ + "/admin.sock"; }
    [[nodiscard]] std::string profile_end(const Programs& programs) const;
    void await_serving();

    std::string directory_;
    std::string run_;
    std::string terwayctl_;
    pid_t pid_ = -1;
};

}  // namespace terway::bench
