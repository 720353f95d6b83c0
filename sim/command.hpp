// The verbs of terway-sim. Each returns the exit status and throws Error.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace terway::sim {

struct RunOptions {
    std::string name;
    std::string topology;
    std::optional<int> ready_fd;
    std::optional<std::string> ready_file;
};

// Until SIGINT, SIGTERM or SIGHUP, which the calling thread blocks before anything else starts.
int run(const RunOptions& options);
int clean(const std::string& name);
int show(const std::string& name, bool json);
int show_drops(const std::string& name, bool json);
// Replaces the process. `space` is a node or "internet".
int exec(const std::string& name, const std::string& space,
         const std::vector<std::string>& command);

}  // namespace terway::sim
