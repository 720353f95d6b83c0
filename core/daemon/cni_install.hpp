// Puts the CNI binary and the network's configuration where the container runtime looks for them:
// for a daemon that comes as a container image. What is there already is left as it is, and
// nothing is ever removed: pods of this node need both while the daemon is away.
#pragma once

#include <string>
#include <vector>

#include "profile/profile.hpp"

namespace terway::daemon {

// Of the files in a configuration folder those a runtime prefers to `ours`: it takes the first of
// *.conf, *.conflist and *.json by name. Pure.
[[nodiscard]] std::vector<std::string> preferred_to(const std::string& ours,
                                                    std::vector<std::string> names);

// One thread at a time.
class CniInstall {
public:
    // Borrows the settings.
    explicit CniInstall(const profile::CniFiles& files) : files_(files) {}

    // Throws Error naming the file and the remedy if the two sources are not what they should be,
    // or if the configuration of another network would win and may not be put aside.
    void check() const;
    // Before the daemon serves: a runtime that has the configuration finds the binary.
    void install_binary() const;
    // Once it serves: a node with the configuration is one that takes pods.
    void install_configuration() const;

private:
    [[nodiscard]] std::string configuration() const;
    [[nodiscard]] std::string target() const;
    [[nodiscard]] std::vector<std::string> rivals() const;

    const profile::CniFiles& files_;
};

}  // namespace terway::daemon
