#include "cloud/hmac.hpp"

#include <algorithm>
#include <cstdint>

#include "base/digest.hpp"

namespace terway::cloud {
namespace {

constexpr std::size_t kBlock = 64;

std::uint8_t digit(char c) {
    return static_cast<std::uint8_t>(c <= '9' ? c - '0' : c - 'a' + 10);
}

std::string unhex(std::string_view digits) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        bytes += static_cast<char>(digit(digits[i]) << 4U | digit(digits[i + 1]));
    }
    return bytes;
}

std::string pad(std::string key, unsigned char with) {
    key.resize(kBlock, '\0');
    for (auto& byte : key) {
        byte = static_cast<char>(static_cast<unsigned char>(byte) ^ with);
    }
    return key;
}

std::string hmac(std::string (*digest_hex)(std::string_view), std::string_view key,
                 std::string_view message) {
    const auto short_key = key.size() > kBlock ? unhex(digest_hex(key)) : std::string(key);
    const auto inner = unhex(digest_hex(pad(short_key, 0x36).append(message)));
    return unhex(digest_hex(pad(short_key, 0x5c).append(inner)));
}

}  // namespace

std::string hmac_sha1(std::string_view key, std::string_view message) {
    return hmac(sha1_hex, key, message);
}

std::string hmac_sha256(std::string_view key, std::string_view message) {
    return hmac(sha256_hex, key, message);
}

std::string hex(std::string_view bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    for (const auto c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += kDigits[byte >> 4U];
        out += kDigits[byte & 0xfU];
    }
    return out;
}

std::string base64(std::string_view bytes) {
    static constexpr char kDigits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto have = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            group = group << 8U | (j < have ? static_cast<unsigned char>(bytes[i + j]) : 0U);
        }
        for (std::size_t j = 0; j < 4; ++j) {
            out += j <= have ? kDigits[group >> (18U - 6U * j) & 0x3fU] : '=';
        }
    }
    return out;
}

}  // namespace terway::cloud
