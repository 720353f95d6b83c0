// A model made real: namespaces, NICs, routes and filters in this kernel.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/netns.hpp"
#include "netlink/socket.hpp"
#include "sim/model.hpp"
#include "sim/nft.hpp"
#include "sim/outside.hpp"
#include "sim/plan.hpp"
#include "sim/registration.hpp"
#include "sim/responder.hpp"
#include "sim/services.hpp"

namespace terway::sim {

// What the VPC threw away, by the ENI that sent it.
struct Drop {
    std::string reason;  // "foreign source", "foreign mac", "no owner", "not inside"
    std::string eni;     // its id, or "uplink"
    std::uint64_t packets = 0;

    bool operator==(const Drop&) const = default;
};

// Owns every namespace, NIC and thread of one simulation; destruction removes all of them, and what
// a killed one left is removed when the name is used again. Needs root. Namespaces lie in
// /run/netns as NAME-NODE, NAME-fabric, NAME-nat, NAME-internet and NAME-cloud. Threads: one at a
// time.
class Fabric {
public:
    // Throws Error(Invalid) if a running process has the name.
    explicit Fabric(const std::string& name);

    // Makes the kernel agree with the model; does nothing where it does already. What a node did to
    // its NICs is left alone, even moved or renamed ones; a detached ENI's NIC disappears wherever
    // it is. After an Error part of the changes is done and the same call may be repeated.
    void render(const Model& model);

    [[nodiscard]] const std::string& name() const noexcept { return registration_.name(); }
    // /run/terway-sim/NAME, removed with the simulation.
    [[nodiscard]] const std::string& directory() const noexcept {
        return registration_.directory();
    }
    // "fabric", "nat", "internet", "cloud" or the name of a node.
    [[nodiscard]] std::string netns_path(const std::string& space) const;

private:
    void apply_filters(const Plan& plan);
    void remove_stale(const Plan& plan);
    void add_node(const std::string& node);
    void add_port(const Port& port);
    void configure_nic(const Port& port);
    void deliver(const Prefix& destination, const std::string& port);
    void undeliver(const Prefix& destination, const std::string& port);

    Registration registration_;
    Netns netns_;
    netlink::Socket socket_;
    Nft nft_;
    Responder responder_;
    std::map<std::string, Netns> nodes_;
    std::optional<Outside> outside_;
    std::optional<Services> services_;
    std::map<std::string, std::uint32_t> indexes_;  // of ports and the uplink
    Plan rendered_;
};

// The counters of a running simulation. Throws Error(Gone) if there is none of that name.
[[nodiscard]] std::vector<Drop> drops(const std::string& simulation);

}  // namespace terway::sim
