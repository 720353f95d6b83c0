// What the API server adds to objects and refuses of them, kind by kind. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "base/address.hpp"
#include "base/time.hpp"
#include "sim/kube/problem.hpp"
#include "sim/kube/store.hpp"

namespace terway::sim::kube {

struct Surroundings {
    Prefix services;  // where ClusterIPs come from
    WallTime now;
    std::uint64_t draw = 0;  // a number nobody had before
};

// "2026-01-02T03:04:05Z"
[[nodiscard]] std::string kube_time(WallTime time);
// "0d9f3a..." as a version 4 UUID; the same number gives the same.
[[nodiscard]] std::string uid_of(std::uint64_t draw);
[[nodiscard]] std::string random_suffix(std::uint64_t draw);

// Name, uid, time of creation, generation, defaults. `space` is the namespace of the request.
void admit_new(json::object& object, const Kind& kind, const std::string& space,
               const Surroundings& around, const Store& store);
// What an update must not change is taken from `before` or refused.
void admit_update(json::object& object, const Kind& kind, const json::object& before);
// Only the status and what goes with it may change.
void admit_status(json::object& object, const Kind& kind, const json::object& before);

}  // namespace terway::sim::kube
