// What `terway-sim kube ...` carries out.
#pragma once

#include <string>

#include "sim/control.hpp"
#include "sim/kube/server.hpp"

namespace terway::sim::kube {

// The words after "kube"; what is wrong with them is in the reply. Any thread.
[[nodiscard]] Reply control(KubeServer& server, const Words& command);
[[nodiscard]] std::string control_help();

}  // namespace terway::sim::kube
