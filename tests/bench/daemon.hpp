// terwayd under test: its own node namespace, profile, state and log.
#pragma once

#include <sys/types.h>

#include <string>

#include "samples.hpp"
#include "world.hpp"

namespace terway::bench {

struct Programs {
    std::string bin;      // terwayd, terway, terway-bench-*
    std::string modules;  // veth.so
    std::string peers;    // ptp, host-local
};

struct Memory {  // MiB
    double rss = 0;
    double pss = 0;
    double anonymous = 0;
};

// Serving when the constructor returns; stopped by the destructor, and killed with this process.
class Daemon {
public:
    // Throws Error, with the daemon's log, if it does not come up.
    Daemon(const Programs& programs, const std::string& directory, int node_netns);
    ~Daemon();
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    // The network configuration that leads to this daemon.
    [[nodiscard]] std::string network_config() const;
    [[nodiscard]] Memory memory() const;
    // What the daemon logged as its own time for requests of one verb, so far.
    [[nodiscard]] Samples logged(const std::string& verb) const;

private:
    [[nodiscard]] std::string socket() const { return "/run/terway/cni.sock"; }
    void await_serving();

    std::string directory_;
    pid_t pid_ = -1;
};

}  // namespace terway::bench
