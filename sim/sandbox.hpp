// Namespaces for pods, at paths that any process can open.
#pragma once

#include <string>

#include "base/netns.hpp"

namespace terway::sim {

void raise_loopback(int netns_fd);

// A pod's namespace, with `lo` up. `path` leads to it as long as this lives, from any process;
// nothing is mounted.
class Sandbox {
public:
    // At DIRECTORY/NAME; the directory is made. Throws Error, also if there is something already.
    Sandbox(const std::string& directory, const std::string& name);
    ~Sandbox();
    Sandbox(const Sandbox&) = delete;
    Sandbox& operator=(const Sandbox&) = delete;

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] int fd() const noexcept { return netns_.fd(); }

private:
    Netns netns_;
    std::string path_;
};

}  // namespace terway::sim
