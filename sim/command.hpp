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
    std::optional<std::string> listen;  // ADDRESS:PORT for the OpenAPI, on this machine
    bool tls = false;                   // there, and at port 443 of the nodes' address
};

// Until SIGINT, SIGTERM or SIGHUP, which the calling thread blocks before anything else starts.
int run(const RunOptions& options);
int clean(const std::string& name);
int show(const std::string& name, bool json);
int show_drops(const std::string& name, bool json);
// A command for the cloud of a running simulation, see control.hpp.
int control_running(const std::string& name, const std::vector<std::string>& command);
// The kubeconfig of a running simulation, or of its nodes: the text, or where it is.
int kubeconfig(const std::string& name, bool of_nodes, bool path);
// Replaces the process. `space` is a node or "internet".
int exec(const std::string& name, const std::string& space,
         const std::vector<std::string>& command);

}  // namespace terway::sim
