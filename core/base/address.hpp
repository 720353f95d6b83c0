// IP addresses, prefixes and MAC addresses: parse, print, compare. Pure.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "terway/abi.h"

namespace terway {

enum class Family : std::uint8_t { V4 = 4, V6 = 6 };

// An IPv4 or IPv6 address in network byte order. IPv4 sorts before IPv6.
class IpAddress {
public:
    IpAddress() = default;  // 0.0.0.0
    // `bytes` has 4 or 16 elements.
    IpAddress(Family family, std::span<const std::uint8_t> bytes);

    // No surrounding space, no zone, no prefix length.
    [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);

    [[nodiscard]] Family family() const noexcept { return family_; }
    [[nodiscard]] bool is_v4() const noexcept { return family_ == Family::V4; }
    [[nodiscard]] std::uint8_t bits() const noexcept { return is_v4() ? 32 : 128; }
    // 4 or 16 bytes.
    [[nodiscard]] std::span<const std::uint8_t> bytes() const noexcept {
        return {bytes_.data(), is_v4() ? 4U : 16U};
    }
    // The address `count` further on, wrapping within the family.
    [[nodiscard]] IpAddress plus(std::uint64_t count) const;
    [[nodiscard]] std::string text() const;

    // clang-tidy 14 takes the generated 0 for a pointer.
    auto operator<=>(const IpAddress&) const = default;  // NOLINT(modernize-use-nullptr)

private:
    Family family_ = Family::V4;
    std::array<std::uint8_t, 16> bytes_{};
};

// An address with a prefix length; host bits may be set (an interface address) or not (a network).
class Prefix {
public:
    Prefix() = default;
    // Throws Error(Invalid) if `length` exceeds the family's.
    Prefix(const IpAddress& address, unsigned length);
    // The host prefix of an address: /32 or /128.
    [[nodiscard]] static Prefix host(const IpAddress& address);
    // "10.0.0.0/24", "fd00::1/64".
    [[nodiscard]] static std::optional<Prefix> parse(std::string_view text);
    // Throws Error(Invalid) for what no host would send.
    [[nodiscard]] static Prefix from_abi(const twy_prefix& raw);

    [[nodiscard]] const IpAddress& address() const noexcept { return address_; }
    [[nodiscard]] std::uint8_t length() const noexcept { return length_; }
    [[nodiscard]] Family family() const noexcept { return address_.family(); }
    [[nodiscard]] bool is_v4() const noexcept { return address_.is_v4(); }
    // The same prefix with host bits cleared.
    [[nodiscard]] Prefix network() const;
    [[nodiscard]] IpAddress last() const;  // all host bits set
    [[nodiscard]] bool contains(const IpAddress& address) const;
    [[nodiscard]] bool overlaps(const Prefix& other) const;
    [[nodiscard]] std::string text() const;
    [[nodiscard]] twy_prefix to_abi() const;

    // clang-tidy 14 takes the generated 0 for a pointer.
    auto operator<=>(const Prefix&) const = default;  // NOLINT(modernize-use-nullptr)

private:
    IpAddress address_;
    std::uint8_t length_ = 0;
};

// A 48-bit MAC address.
struct Mac {
    std::array<std::uint8_t, 6> bytes{};

    // "02:00:5e:10:00:01", either case.
    [[nodiscard]] static std::optional<Mac> parse(std::string_view text);
    [[nodiscard]] std::string text() const;  // lower case

    // clang-tidy 14 takes the generated 0 for a pointer.
    auto operator<=>(const Mac&) const = default;  // NOLINT(modernize-use-nullptr)
};

}  // namespace terway
