// A node's ENIs as its pool and as the cloud have them, and whether both agree.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "sim/cloud_server.hpp"
#include "sim/demo/cluster.hpp"

namespace terway::sim::demo {

struct PooledEni {
    std::string state;
    std::string mac;
    std::uint32_t ifindex = 0;
    std::map<IpAddress, std::string> addresses;  // with their states
};

// `terwayctl pool`.
struct PoolView {
    std::uint64_t used = 0;
    std::uint64_t idle = 0;
    std::uint64_t capacity = 0;
    std::size_t waiting = 0;
    std::uint64_t warm = 0;                 // ENIs for one pod alone
    std::map<std::string, PooledEni> enis;  // by id; those without one yet are left out

    // Throws Error.
    [[nodiscard]] static PoolView of(const Node& node);
    // Addresses in the state.
    [[nodiscard]] std::size_t count(const std::string& state) const;
    // "2 ENIs, 21 pods, 7 idle".
    [[nodiscard]] std::string text() const;
};

// Calls of one node.
struct Calls {
    std::map<std::string, std::size_t> by_action;
    std::size_t total = 0;
    std::size_t carried_out = 0;  // of those that change something
    std::size_t failed = 0;

    [[nodiscard]] std::size_t of(const std::string& action) const;
    // Those that change something: "1 CreateNetworkInterface, 1 AttachNetworkInterface".
    [[nodiscard]] std::string text() const;
};

// The cloud, as far as it concerns one instance. Refers to the server.
class CloudView {
public:
    CloudView(CloudServer& server, std::string instance)
        : server_(server), instance_(std::move(instance)) {}

    // A place in the call log.
    [[nodiscard]] std::size_t mark() const;
    [[nodiscard]] Calls since(std::size_t mark) const;
    // Of the instance's RAM role.
    [[nodiscard]] std::string access_key() const;
    // ENIs that the instance made, by their tag, attached or not, with their addresses.
    [[nodiscard]] std::map<std::string, std::set<IpAddress>> enis() const;

private:
    CloudServer& server_;
    std::string instance_;
};

// Throws Error unless pool, cloud, records and kernel agree to the last address.
[[nodiscard]] std::string agreement(const Node& node, const CloudView& cloud);

}  // namespace terway::sim::demo
