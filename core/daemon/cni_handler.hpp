// From an invocation to the manager's verb and back to what the runtime reads.
#pragma once

#include "base/fd.hpp"
#include "base/metrics.hpp"
#include "cni/message.hpp"
#include "endpoint/manager.hpp"

namespace terway::daemon {

// Runs one CNI call. Logs its outcome once; counts and times it
// (terway_cni_requests_total{verb,code}, terway_cni_seconds{verb}). Throws terway::Error.
[[nodiscard]] cni::Reply handle_cni(endpoint::Manager& manager, Metrics& metrics,
                                    const cni::Invocation& invocation, Fd netns_fd,
                                    const endpoint::Operation& operation);

}  // namespace terway::daemon
