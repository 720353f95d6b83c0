// Answers terwayctl's questions about Services, from what is known now.
#pragma once

#include <string>
#include <string_view>

#include "daemon/service_proxy.hpp"

namespace terway::daemon {

// Borrows it. Any thread. Each verb answers JSON text; they throw Error(Unsupported) where modules
// do not translate Services.
class ServiceInspector {
public:
    explicit ServiceInspector(const ServiceProxy& proxy) : proxy_(proxy) {}

    // {"synced", "trouble", "modules": [{"module", "want", "have"}], "services": [{"service",
    // "frontends": [...], "ready", "draining"}], "left_out"}; a namespace's or, with "", all,
    // sorted: as many as an answer holds, and how many there are besides.
    [[nodiscard]] std::string list(std::string_view space) const;
    // `what`: "NAMESPACE/NAME" or a frontend. {"service", "synced", "trouble", "ignored",
    // "affinity_s", "internal_traffic", "publishes_not_ready", "ports": [{"port", "frontends":
    // [{"frontend", "origin", "lost_to", "without_backends", "endpoints": [{"endpoint", "node",
    // "state", "reason"}]}]}], "remarks"}. Throws Error(Invalid) for what it does not know.
    [[nodiscard]] std::string explain(std::string_view what) const;

private:
    void require_wanted() const;

    const ServiceProxy& proxy_;
};

}  // namespace terway::daemon
