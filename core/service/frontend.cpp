#include "service/frontend.hpp"

#include <algorithm>
#include <cctype>
#include <functional>

#include "kube/network_policy.hpp"

namespace terway::service {

std::string text_of(const IpAddress& address, std::uint16_t port) {
    const auto host = address.text();
    return (address.is_v4() ? host : "[" + host + "]") + ":" + std::to_string(port);
}

std::string FrontendKey::text() const {
    return text_of(address, port) + "/" + std::string(name_of(protocol));
}

std::optional<FrontendKey> parse_frontend_key(std::string_view text) {
    const auto slash = text.rfind('/');
    const auto colon = text.substr(0, slash).rfind(':');
    if (slash == std::string_view::npos || colon == std::string_view::npos) {
        return std::nullopt;
    }
    auto host = text.substr(0, colon);
    const bool is_bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (is_bracketed) {
        host = host.substr(1, host.size() - 2);
    }
    const auto address = IpAddress::parse(host);
    const auto port = kube::port_number(text.substr(colon + 1, slash - colon - 1));
    std::string name(text.substr(slash + 1));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    const auto protocol = kube::protocol_by_name(name);
    if (!address || address->is_v4() == is_bracketed || port == 0 || !protocol) {
        return std::nullopt;
    }
    return FrontendKey{*address, port, *protocol};
}

std::string_view name_of(Origin origin) noexcept {
    switch (origin) {
        case Origin::NodePort:
            return "node port";
        case Origin::LoadBalancer:
            return "load balancer";
        case Origin::ExternalIp:
            return "external IP";
        case Origin::ClusterIp:
            break;
    }
    return "cluster IP";
}

}  // namespace terway::service

std::size_t std::hash<terway::service::FrontendKey>::operator()(
    const terway::service::FrontendKey& key) const noexcept {
    const auto bytes = key.address.bytes();
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const auto rest = (std::size_t{key.port} << 8U) | static_cast<std::size_t>(key.protocol);
    return std::hash<std::string_view>()(text) ^ (rest * 0x9e3779b97f4a7c15U);
}

std::size_t std::hash<terway::service::ObjectName>::operator()(
    const terway::service::ObjectName& name) const noexcept {
    return std::hash<std::string>()(name.name) * 31 + std::hash<std::string>()(name.space);
}
