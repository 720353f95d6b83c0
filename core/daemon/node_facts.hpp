// What this node is to the cloud: learned once, remembered, so that a restart needs nobody.
#pragma once

#include <string>
#include <vector>

#include "cloud/api.hpp"
#include "cloud/metadata.hpp"
#include "profile/profile.hpp"
#include "store/store.hpp"

namespace terway::daemon {

struct NodeFacts {
    cloud::InstanceFacts instance;
    std::vector<std::string> vswitches;        // for new ENIs, in the order of preference
    std::vector<std::string> security_groups;  // of new ENIs

    bool operator==(const NodeFacts&) const = default;
};

// What the profile says goes before what the metadata service says. Throws Error that names what is
// missing and the key that would replace it.
[[nodiscard]] cloud::InstanceFacts learn_instance(const profile::Cloud& settings,
                                                  cloud::Metadata& metadata,
                                                  const cloud::Patience& patience);

// The rest, from the API. Throws Error.
[[nodiscard]] NodeFacts learn_node(const profile::Cloud& settings,
                                   const cloud::InstanceFacts& instance, cloud::Api& api,
                                   const cloud::Patience& patience);

// The facts of the last time, or nothing if there are none or they are of another instance
// (`instance` may be empty: not known now).
[[nodiscard]] std::optional<NodeFacts> remembered_node(store::Store& store,
                                                       const std::string& instance);
void remember_node(store::Store& store, const NodeFacts& facts);

}  // namespace terway::daemon
