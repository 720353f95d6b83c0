// The columns `kubectl get` shows of each kind. Pure.
#pragma once

#include <boost/json.hpp>

#include "base/time.hpp"
#include "sim/kube/kind.hpp"

namespace terway::sim::kube {

namespace json = boost::json;

// columnDefinitions of a Table; those with priority 1 are for -o wide.
[[nodiscard]] json::array columns_of(const Kind& kind);
// The cells of one row.
[[nodiscard]] json::array cells_of(const Kind& kind, const json::object& object, WallTime now);

}  // namespace terway::sim::kube
