#include "base/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "terway/error.hpp"

namespace terway {
namespace {

int af_of(Family family) {
    return family == Family::V4 ? AF_INET : AF_INET6;
}

}  // namespace

IpAddress::IpAddress(Family family, std::span<const std::uint8_t> bytes) : family_(family) {
    std::copy_n(bytes.begin(), std::min<std::size_t>(bytes.size(), is_v4() ? 4 : 16),
                bytes_.begin());
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    const std::string terminated(text);
    if (terminated.size() != std::strlen(terminated.c_str())) {
        return std::nullopt;
    }
    for (const auto family : {Family::V4, Family::V6}) {
        IpAddress address;
        address.family_ = family;
        if (inet_pton(af_of(family), terminated.c_str(), address.bytes_.data()) == 1) {
            return address;
        }
    }
    return std::nullopt;
}

IpAddress IpAddress::plus(std::uint64_t count) const {
    IpAddress sum = *this;
    const std::size_t size = bytes().size();
    for (std::size_t i = size; i-- > 0 && count > 0;) {
        count += sum.bytes_[i];
        sum.bytes_[i] = static_cast<std::uint8_t>(count);
        count >>= 8U;
    }
    return sum;
}

std::string IpAddress::text() const {
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    inet_ntop(af_of(family_), bytes_.data(), buffer.data(), buffer.size());
    return buffer.data();
}

Prefix::Prefix(const IpAddress& address, unsigned length) : address_(address) {
    if (length > address.bits()) {
        throw Error(Status::Invalid, address.text() + "/" + std::to_string(length) +
                                         ": prefix length exceeds " +
                                         std::to_string(address.bits()));
    }
    length_ = static_cast<std::uint8_t>(length);
}

Prefix Prefix::host(const IpAddress& address) {
    return {address, address.bits()};
}

std::optional<Prefix> Prefix::parse(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) {
        return std::nullopt;
    }
    const auto address = IpAddress::parse(text.substr(0, slash));
    const auto digits = text.substr(slash + 1);
    unsigned length = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (!address || digits.empty() || error != std::errc{} ||
        end != digits.data() + digits.size() || length > address->bits()) {
        return std::nullopt;
    }
    return Prefix(*address, length);
}

Prefix Prefix::from_abi(const twy_prefix& raw) {
    if (raw.family != 4 && raw.family != 6) {
        throw Error(Status::Invalid,
                    "address family " + std::to_string(raw.family) + " is neither 4 nor 6");
    }
    const auto family = static_cast<Family>(raw.family);
    return {IpAddress(family, {raw.bytes, family == Family::V4 ? 4U : 16U}), raw.length};
}

Prefix Prefix::network() const {
    std::array<std::uint8_t, 16> bytes{};
    const auto source = address_.bytes();
    for (std::size_t i = 0; i < source.size(); ++i) {
        const auto kept = std::clamp(static_cast<int>(length_) - static_cast<int>(i) * 8, 0, 8);
        bytes[i] = source[i] & static_cast<std::uint8_t>(0xff00U >> static_cast<unsigned>(kept));
    }
    return {IpAddress(family(), {bytes.data(), source.size()}), length_};
}

IpAddress Prefix::last() const {
    std::array<std::uint8_t, 16> bytes{};
    const auto source = address_.bytes();
    for (std::size_t i = 0; i < source.size(); ++i) {
        const auto kept = std::clamp(static_cast<int>(length_) - static_cast<int>(i) * 8, 0, 8);
        bytes[i] = source[i] | static_cast<std::uint8_t>(0xffU >> static_cast<unsigned>(kept));
    }
    return {family(), {bytes.data(), source.size()}};
}

bool Prefix::contains(const IpAddress& address) const {
    return address.family() == family() && Prefix(address, length_).network() == network();
}

bool Prefix::overlaps(const Prefix& other) const {
    return contains(other.network().address()) || other.contains(network().address());
}

std::string Prefix::text() const {
    return address_.text() + "/" + std::to_string(length_);
}

twy_prefix Prefix::to_abi() const {
    twy_prefix raw{};
    raw.family = static_cast<std::uint8_t>(family());
    raw.length = length_;
    const auto source = address_.bytes();
    std::copy(source.begin(), source.end(), raw.bytes);
    return raw;
}

std::optional<Mac> Mac::parse(std::string_view text) {
    Mac mac;
    if (text.size() != 17) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < 6; ++i) {
        const char* first = text.data() + i * 3;
        const auto [end, error] = std::from_chars(first, first + 2, mac.bytes[i], 16);
        if (error != std::errc{} || end != first + 2 || (i < 5 && text[i * 3 + 2] != ':')) {
            return std::nullopt;
        }
    }
    return mac;
}

std::string Mac::text() const {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    for (const auto byte : bytes) {
        if (!out.empty()) {
            out += ':';
        }
        out += kDigits[byte >> 4U];
        out += kDigits[byte & 0xfU];
    }
    return out;
}

}  // namespace terway
