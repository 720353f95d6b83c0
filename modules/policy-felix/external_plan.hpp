// What there is to know of a calico-felix beside us. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/address.hpp"

namespace terway::felix {

// A server of this node: "http://127.0.0.1:9099/readiness".
struct HealthUrl {
    IpAddress address;
    std::uint16_t port = 0;
    std::string host;  // as it was written, with the port
    std::string path;

    [[nodiscard]] std::string request() const;
};
// Nothing if it is no http:// URL of a loopback address with a port.
[[nodiscard]] std::optional<HealthUrl> parse_health_url(std::string_view text);

// Why such an answer means that Felix is not ready; empty if it is.
[[nodiscard]] std::string why_not_ready(std::string_view answer);

// The host link by which Felix knows a pod.
[[nodiscard]] std::string felix_link(std::string_view space, std::string_view pod);
// The file Felix writes below its endpoint-status directory once the pod's rules are in force.
[[nodiscard]] std::string status_file(std::string_view space, std::string_view pod);

// Why Felix cannot enforce policies there, whatever happens; empty if it can.
[[nodiscard]] std::string why_unknown_to_felix(std::string_view space, std::string_view pod,
                                               std::string_view ifname, std::string_view link);

}  // namespace terway::felix
