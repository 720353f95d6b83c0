// From an invocation to the manager's verb and back to what the runtime reads.
#pragma once

#include <functional>
#include <string>

#include "base/fd.hpp"
#include "base/metrics.hpp"
#include "cni/message.hpp"
#include "cni/request.hpp"
#include "cni/result.hpp"
#include "endpoint/manager.hpp"

namespace terway::daemon {

// Whoever wants to know how ADDs end. Empty ones are not called; they must not throw.
struct AddListener {
    std::function<void(const cni::Request&, const cni::Result&, double seconds)> connected;
    std::function<void(const cni::Request&, const std::string& reason)> refused;
};

// Runs one CNI call. Logs its outcome once; counts and times it
// (terway_cni_requests_total{verb,code}, terway_cni_seconds{verb}). Throws terway::Error.
[[nodiscard]] cni::Reply handle_cni(endpoint::Manager& manager, Metrics& metrics,
                                    const cni::Invocation& invocation, Fd netns_fd,
                                    const endpoint::Operation& operation,
                                    const AddListener& listener = {});

}  // namespace terway::daemon
