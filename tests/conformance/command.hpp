// Runs a tool of the system in a network namespace.
#pragma once

#include <string>
#include <vector>

namespace terway::conformance {

struct Outcome {
    int status = 0;  // exit status; 128 + signal if it was killed
    std::string output;
    std::string errors;
};

// `arguments[0]` is looked up in PATH. Throws Error if it cannot be started.
[[nodiscard]] Outcome run(int netns_fd, const std::vector<std::string>& arguments,
                          const std::string& input = "");

// The output. Throws Error with the tool's own words if it fails.
std::string must_run(int netns_fd, const std::vector<std::string>& arguments,
                     const std::string& input = "");

// `ip -batch` with one command a line. Throws Error.
void ip(int netns_fd, const std::string& commands);

}  // namespace terway::conformance
