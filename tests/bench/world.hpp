// Where the benchmark plays: a mount namespace of its own with an empty /run, a scratch directory
// on disk, and network namespaces. The machine's own networks and directories are not touched, and
// when the process ends, however it ends, the namespaces go with it; a scratch directory left by a
// killed run is removed by the next one.
#pragma once

#include <string>

#include "base/fd.hpp"
#include "base/netns.hpp"

namespace terway::bench {

// Make one, before any thread is started. Throws Error.
class World {
public:
    World();
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    [[nodiscard]] const std::string& scratch() const { return scratch_; }

private:
    std::string scratch_;
    Fd lock_;
};

// A network namespace with a path, as a container runtime makes it: lo up, nothing else.
class Sandbox {
public:
    explicit Sandbox(const std::string& name);
    ~Sandbox();
    Sandbox(Sandbox&& other) noexcept;
    Sandbox& operator=(Sandbox&&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] int fd() const { return netns_.fd(); }

private:
    Netns netns_;
    std::string path_;
};

// Waits until the kernel, which dismantles namespaces in the background, has finished with those
// that are gone by now. Throws Error after half a minute.
void await_quiet();

}  // namespace terway::bench
