// What pods connect to, and where their connections go. Values; pure.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "kube/protocol.hpp"
#include "kube/word.hpp"

namespace terway::service {

using kube::Protocol;

// A Service or a slice.
struct ObjectName {
    std::string space;
    std::string name;

    [[nodiscard]] std::string text() const { return space + "/" + name; }
    auto operator<=>(const ObjectName&) const = default;  // NOLINT(modernize-use-nullptr)
};

enum class BackendState : std::uint8_t { Ready, Draining };

struct Backend {
    IpAddress address;
    std::uint16_t port = 0;
    BackendState state = BackendState::Ready;

    auto operator<=>(const Backend&) const = default;  // NOLINT(modernize-use-nullptr)
};
using Backends = std::vector<Backend>;  // sorted, an address and port once

struct FrontendKey {
    IpAddress address;
    std::uint16_t port = 0;
    Protocol protocol = Protocol::Tcp;

    // "10.96.0.1:80/TCP", "[fd00::1]:80/TCP".
    [[nodiscard]] std::string text() const;
    auto operator<=>(const FrontendKey&) const = default;  // NOLINT(modernize-use-nullptr)
};

// As FrontendKey::text has it, in either case.
[[nodiscard]] std::optional<FrontendKey> parse_frontend_key(std::string_view text);
// "10.0.0.1:80", "[fd00::1]:80".
[[nodiscard]] std::string text_of(const IpAddress& address, std::uint16_t port);

// What makes an address a frontend, in the order in which they go before one another where two
// Services want the same one: cluster IPs are given out by the API server, and one at a time.
enum class Origin : std::uint8_t { ClusterIp, NodePort, LoadBalancer, ExternalIp };
// "cluster IP".
[[nodiscard]] std::string_view name_of(Origin origin) noexcept;

enum class WithoutBackends : std::uint8_t { Refuse, Drop };

struct Frontend {
    FrontendKey key;
    Origin origin = Origin::ClusterIp;
    WithoutBackends without_backends = WithoutBackends::Refuse;
    std::uint32_t affinity_seconds = 0;
    kube::Word service;  // "namespace/name:port-name"
    std::shared_ptr<const Backends> backends;

    friend bool operator==(const Frontend& a, const Frontend& b) {
        return a.key == b.key && a.without_backends == b.without_backends &&
               a.affinity_seconds == b.affinity_seconds && a.service == b.service &&
               (a.backends == b.backends || *a.backends == *b.backends);
    }
};
using FrontendPtr = std::shared_ptr<const Frontend>;

// What the rules for a Service depend on besides its objects.
struct NodeFacts {
    std::string name;
    std::string zone;                  // empty: nobody has said
    std::vector<IpAddress> addresses;  // on which it takes node ports

    bool operator==(const NodeFacts&) const = default;
};

}  // namespace terway::service

template <>
struct std::hash<terway::service::FrontendKey> {
    std::size_t operator()(const terway::service::FrontendKey& key) const noexcept;
};
template <>
struct std::hash<terway::service::ObjectName> {
    std::size_t operator()(const terway::service::ObjectName& name) const noexcept;
};
