// The kubelet's end: where we register.
#pragma once

#include <string>

#include "base/time.hpp"

namespace terway::deviced {

struct Registration {
    std::string endpoint;  // our socket's name in the kubelet's directory
    std::string resource;
};

// Tells the kubelet at `socket` of us. Throws Error: Retry if it is not there or does not answer,
// Invalid if it refuses.
void register_with(const std::string& socket, const Registration& registration, Deadline deadline);

// "vendor/kind", as Kubernetes wants extended resources named.
[[nodiscard]] bool is_resource_name(const std::string& name);

}  // namespace terway::deviced
