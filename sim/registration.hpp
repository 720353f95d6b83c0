// The name of a simulation on this machine, and the namespaces that carry it.
//
// A running simulation holds a lock on /run/terway-sim/NAME.lock; the kernel lets go of it however
// the process ends. Every namespace is noted in /run/terway-sim/NAME/netns before it is made, so
// that whoever holds the name next removes exactly what a killed predecessor left.
#pragma once

#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/netns.hpp"

namespace terway::sim {

// Owns the name and every namespace made through it: destruction removes all. One thread at a time.
class Registration {
public:
    // Removes what a killed predecessor left. Throws Error(Invalid) if the name is malformed or a
    // running process has it.
    explicit Registration(const std::string& name);
    ~Registration();
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    // /run/terway-sim/NAME: for files that belong to the simulation and go with it.
    [[nodiscard]] const std::string& directory() const noexcept { return directory_; }

    // A namespace with `lo` up, at netns_path(name, space). Throws Error(Invalid) if something that
    // is not of this simulation is in the way.
    [[nodiscard]] Netns create_netns(const std::string& space);
    void remove_netns(const std::string& space);

private:
    std::string name_;
    std::string directory_;
    Fd lock_;
};

// /run/netns/NAME-SPACE, where `ip netns exec` finds it.
[[nodiscard]] std::string netns_path(const std::string& name, const std::string& space);
[[nodiscard]] std::string state_directory(const std::string& name);
// Lower-case letters, digits and dashes, 31 characters at most. Throws Error(Invalid).
void check_name(const std::string& kind, const std::string& name);
// The same for a node, which may not be called like one of the simulator's own namespaces.
void check_node_name(const std::string& name);

[[nodiscard]] bool is_running(const std::string& name);
// Removes what a killed simulation left; false if there was nothing. Throws Error(Invalid) if it is
// running.
bool remove_leftovers(const std::string& name);
// Every name in use or left over.
[[nodiscard]] std::vector<std::string> registered_names();

}  // namespace terway::sim
