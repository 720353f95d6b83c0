// The CNI plugins that are compared: ours in its modes, Debian's ptp with host-local, the floor.
// Each has a node, a network namespace, to itself.
#pragma once

#include <cstdint>
#include <string>

#include "process.hpp"
#include "world.hpp"

namespace terway::bench {

class Contender {
public:
    // `program` and the network configuration it gets on standard input.
    Contender(std::string name, std::string program, std::string config);
    // On a node that is there already.
    Contender(std::string name, std::string program, Netns node);
    virtual ~Contender() = default;
    Contender(const Contender&) = delete;
    Contender& operator=(const Contender&) = delete;

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] int node() const { return node_.fd(); }
    void configure(std::string config) { config_ = std::move(config); }
    // Pods are Kubernetes' from now on: "default/PREFIX-NUMBER".
    void name_pods(std::string prefix) { prefix_ = std::move(prefix); }

    // As a runtime calls the plugin for pod `number`; to be run on the node.
    [[nodiscard]] Command command(const std::string& verb, std::uint32_t number,
                                  const Sandbox& sandbox) const;
    // Runs it there, timed.
    Timed call(const std::string& verb, std::uint32_t number, const Sandbox& sandbox) const;
    // Waits until no link of a pod of ours is left on the node. Throws Error after half a minute.
    void await_no_links() const;

private:
    std::string name_;
    std::string program_;
    std::string config_;
    std::string prefix_;  // of pods' names; empty: they have none
    Netns node_;
};

[[nodiscard]] std::string ptp_config(const std::string& data_directory);

// Throws Error unless what two plugins made for an IPv4 pod is alike: addresses, routes and
// permanent neighbours in the sandbox, routes and neighbours on the node.
void expect_same_objects(const Contender& one, const Sandbox& sandbox_of_one,
                         const Contender& other, const Sandbox& sandbox_of_other);

}  // namespace terway::bench
