// What the parsers of rtnetlink messages share.
#pragma once

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/address.hpp"

namespace terway::netlink {

[[nodiscard]] inline std::uint8_t af(Family family) {
    return static_cast<std::uint8_t>(family == Family::V4 ? AF_INET : AF_INET6);
}

// Empty for an absent attribute, another family and one that is too short.
[[nodiscard]] inline std::optional<IpAddress> address_of(std::uint8_t family,
                                                         const nlattr* attribute) {
    if (attribute == nullptr || (family != AF_INET && family != AF_INET6)) {
        return std::nullopt;
    }
    const auto kind = family == AF_INET ? Family::V4 : Family::V6;
    const std::size_t size = kind == Family::V4 ? 4 : 16;
    if (static_cast<std::size_t>(nla_len(attribute)) < size) {
        return std::nullopt;
    }
    return IpAddress(kind, {static_cast<const std::uint8_t*>(nla_data(attribute)), size});
}

[[nodiscard]] inline std::uint32_t u32_or(const nlattr* attribute, std::uint32_t fallback) {
    return attribute != nullptr ? nla_get_u32(attribute) : fallback;
}

// The attributes behind a fixed header of `header` bytes, by number.
template <std::size_t Size>
[[nodiscard]] std::array<nlattr*, Size> parse(const nlmsghdr& message, int header) {
    std::array<nlattr*, Size> attributes{};
    nlmsg_parse(const_cast<nlmsghdr*>(&message), header, attributes.data(),
                static_cast<int>(Size) - 1, nullptr);
    return attributes;
}

// The attributes inside a nest; none for an absent one.
template <std::size_t Size>
[[nodiscard]] std::array<nlattr*, Size> parse_nest(nlattr* nest) {
    std::array<nlattr*, Size> attributes{};
    if (nest != nullptr) {
        nla_parse_nested(attributes.data(), static_cast<int>(Size) - 1, nest, nullptr);
    }
    return attributes;
}

// Zeros for an absent attribute and one that is too short.
template <class T>
[[nodiscard]] T struct_of(const nlattr* attribute) {
    T value{};
    if (attribute != nullptr && static_cast<std::size_t>(nla_len(attribute)) >= sizeof value) {
        nla_memcpy(&value, attribute, sizeof value);
    }
    return value;
}

}  // namespace terway::netlink
