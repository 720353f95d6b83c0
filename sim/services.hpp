// Where the nodes find the cloud: OpenAPI at 100.100.0.1, metadata at 100.100.100.200.
#pragma once

#include "base/netns.hpp"
#include "netlink/socket.hpp"
#include "sim/registration.hpp"

namespace terway::sim {

inline constexpr const char* kOpenApiAddress = "100.100.0.1";
inline constexpr const char* kMetadataAddress = "100.100.100.200";
inline constexpr const char* kKubeAddress = "100.100.0.6";  // the cluster's API server
inline constexpr std::uint16_t kKubePort = 6443;

// The namespace "cloud" with both addresses, in which a server listens. It belongs to the
// registration. One thread at a time.
class Services {
public:
    // Adds the link "services" to the fabric, whose namespace and socket are given. Throws Error.
    Services(Registration& registration, const Netns& fabric, netlink::Socket& fabric_socket);

private:
    Netns netns_;
};

}  // namespace terway::sim
