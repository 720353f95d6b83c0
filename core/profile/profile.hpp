// The profile: the one file that says how a node's pods are networked. TOML, strict keys.
//
// Every complaint has a place and all are collected. The defaults are the member initialisers below
// and nowhere else.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "profile/diagnostic.hpp"
#include "profile/table.hpp"

namespace terway::profile {

using std::chrono::milliseconds;

// Module ids, in the order of attach.
struct Chain {
    std::string dataplane;
    std::optional<std::string> qos;
    std::optional<std::string> policy;

    // Without the absent ones; a module that fills two places appears once.
    [[nodiscard]] std::vector<std::string> ids() const;
};

struct Node {
    std::vector<Prefix> pod_cidrs;  // disjoint, no host bits
};

struct Pool {
    milliseconds cool_down{30'000};  // an address stays unused this long after its endpoint is gone
};

enum class HostNames {
    Container,  // derived from (container id, ifname)
    Felix,      // derived from "namespace.pod", as an external Felix expects
};

struct Endpoint {
    HostNames host_names = HostNames::Container;
    std::uint32_t mtu = 0;  // 0: the module's own default
};

struct Daemon {
    std::string socket = "/run/terway/cni.sock";
    std::string state_dir = "/var/lib/terway";
    std::string queue = "/var/lib/terway/queue";
    std::vector<std::string> module_dirs{"/usr/lib/terway/modules"};
    std::string admin = "unix:/run/terway/admin.sock";  // or "127.0.0.1:9809"; empty: off
    std::uint32_t add_lane = 2;
    std::uint32_t del_lane = 32;
    std::uint32_t max_requests = 256;
    milliseconds request_deadline{100'000};
    milliseconds module_deadline{30'000};
    std::uint32_t max_lost_threads = 4;
};

// What the profile says of one module of the chain; there is one for each, mentioned or not.
struct ModuleSettings {
    std::optional<std::string> path;    // else <id>.so in one of module_dirs
    std::optional<std::string> sha256;  // lower-case hex
    Table table;                        // without the two above
};

struct Profile {
    std::string file;
    std::string name;
    Chain chain;
    Node node;
    Pool pool;
    Endpoint endpoint;
    Daemon daemon;
    std::map<std::string, ModuleSettings> modules;  // by id
};

// Nothing if there was any error; `diagnostics` then says which.
[[nodiscard]] std::optional<Profile> parse(std::string_view text, Diagnostics& diagnostics);
// Reads diagnostics.file(); a file that cannot be read is a diagnostic too.
[[nodiscard]] std::optional<Profile> load(Diagnostics& diagnostics);

// The node's ranges as given on a command line, by the same rules as node.pod_cidrs. Throws
// Error(Invalid) of the first complaint.
[[nodiscard]] std::vector<Prefix> parse_pod_cidrs(std::span<const std::string> texts);

}  // namespace terway::profile
