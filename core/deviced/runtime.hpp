// terway-deviced as a whole.
#pragma once

#include <chrono>
#include <string>

namespace terway::deviced {

struct Options {
    std::string daemon_socket;
    std::chrono::milliseconds poll;      // how often the daemon is asked
    std::chrono::milliseconds patience;  // how long its last word holds
    std::string kubelet_dir;
    std::string endpoint;  // our socket's name there
    std::string resource;
};

// Until SIGTERM or SIGINT, which the caller has blocked. Throws Error.
void run(const Options& options);

}  // namespace terway::deviced
