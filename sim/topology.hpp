// Topology files: a VPC written down in TOML. Pure. The keys are listed in sim/README.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/cloud/instance_types.hpp"
#include "sim/cloud/keys.hpp"
#include "sim/cloud/settings.hpp"
#include "sim/kube/api.hpp"
#include "sim/model.hpp"

namespace terway::sim {

struct Role {
    std::string name;
    std::string instances = "*";  // pattern of the ids of those that have it
};

// The cluster's API server, if the file has a table [kube].
struct KubeTopology {
    kube::ApiOptions options;
    std::string listen = "127.0.0.1:0";  // on this machine; empty: in the nodes alone
};

struct Topology {
    Model model;
    Settings settings;
    std::vector<AccessKey> keys;
    std::vector<Role> roles;
    InstanceTypes types;  // the known ones and those of the file
    std::uint64_t seed = 1;
    std::optional<KubeTopology> kube = {};
};

// `name` stands for the file in messages. Throws Error(Invalid) whose text is one line per
// complaint, each "file:line:column: error: ...": unknown and missing keys, wrong types, and what
// the model refuses.
[[nodiscard]] Model parse_topology(std::string_view text, const std::string& name);
[[nodiscard]] Topology parse_whole_topology(std::string_view text, const std::string& name);

// Throws Error as above, Error(Gone) if there is no such file.
[[nodiscard]] Model load_topology(const std::string& path);
[[nodiscard]] Topology load_whole_topology(const std::string& path);

}  // namespace terway::sim
