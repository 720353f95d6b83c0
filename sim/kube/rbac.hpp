// May somebody do something? By the roles and bindings stored in the cluster. Pure.
#pragma once

#include <string>

#include "sim/kube/call.hpp"
#include "sim/kube/store.hpp"

namespace terway::sim::kube {

struct Deed {
    std::string verb;
    std::string group;
    std::string resource;  // "pods/status" for subresources
    std::string space;     // empty: the whole cluster
    std::string name;
};

[[nodiscard]] Deed deed_of(const Call& call);
[[nodiscard]] bool may(const Store& store, const Asker& asker, const Deed& deed);
// `User "x" cannot list resource "pods" in API group "" in the namespace "y"`
[[nodiscard]] std::string refusal_of(const Asker& asker, const Deed& deed);

}  // namespace terway::sim::kube
