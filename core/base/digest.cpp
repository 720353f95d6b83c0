#include "base/digest.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace terway {
namespace {

constexpr std::size_t kBlock = 64;
using Block = std::array<std::uint8_t, kBlock>;

std::uint32_t big_endian(const std::uint8_t* bytes) {
    return std::uint32_t{bytes[0]} << 24U | std::uint32_t{bytes[1]} << 16U |
           std::uint32_t{bytes[2]} << 8U | std::uint32_t{bytes[3]};
}

template <std::size_t Words>
std::string hex(const std::array<std::uint32_t, Words>& state) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    text.reserve(Words * 8);
    for (const auto word : state) {
        for (unsigned shift = 32; shift != 0; shift -= 4) {
            text += kDigits[word >> (shift - 4) & 0xfU];
        }
    }
    return text;
}

// Gives `eat` each block of the padded message (FIPS 180-4, 5.1.1).
template <class Eat>
void for_each_block(std::string_view bytes, const Eat& eat) {
    const auto bits = std::uint64_t{bytes.size()} * 8;
    Block block{};
    for (; bytes.size() >= kBlock; bytes.remove_prefix(kBlock)) {
        bytes.copy(reinterpret_cast<char*>(block.data()), kBlock);
        eat(block);
    }
    block.fill(0);
    bytes.copy(reinterpret_cast<char*>(block.data()), bytes.size());
    block[bytes.size()] = 0x80;
    if (bytes.size() >= kBlock - 8) {
        eat(block);
        block.fill(0);
    }
    for (unsigned i = 0; i < 8; ++i) {
        block[kBlock - 1 - i] = static_cast<std::uint8_t>(bits >> (8 * i));
    }
    eat(block);
}

using State1 = std::array<std::uint32_t, 5>;

void mix1(State1& state, const Block& block) {
    std::array<std::uint32_t, 80> w{};
    for (std::size_t t = 0; t < 16; ++t) {
        w[t] = big_endian(&block[4 * t]);
    }
    for (std::size_t t = 16; t < 80; ++t) {
        w[t] = std::rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    }
    auto [a, b, c, d, e] = state;
    for (std::size_t t = 0; t < 80; ++t) {
        const std::uint32_t f = t < 20              ? (b & c) ^ (~b & d)
                                : t >= 40 && t < 60 ? (b & c) ^ (b & d) ^ (c & d)
                                                    : b ^ c ^ d;
        static constexpr std::array<std::uint32_t, 4> kConstants{0x5a827999U, 0x6ed9eba1U,
                                                                 0x8f1bbcdcU, 0xca62c1d6U};
        const std::uint32_t next = std::rotl(a, 5) + f + e + kConstants[t / 20] + w[t];
        e = d;
        d = c;
        c = std::rotl(b, 30);
        b = a;
        a = next;
    }
    const State1 change{a, b, c, d, e};
    for (std::size_t i = 0; i < state.size(); ++i) {
        state[i] += change[i];
    }
}

using State256 = std::array<std::uint32_t, 8>;

constexpr std::array<std::uint32_t, 64> kConstants256{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

void mix256(State256& state, const Block& block) {
    std::array<std::uint32_t, 64> w{};
    for (std::size_t t = 0; t < 16; ++t) {
        w[t] = big_endian(&block[4 * t]);
    }
    for (std::size_t t = 16; t < 64; ++t) {
        const auto x = w[t - 15];
        const auto y = w[t - 2];
        w[t] = (std::rotr(y, 17) ^ std::rotr(y, 19) ^ y >> 10U) + w[t - 7] +
               (std::rotr(x, 7) ^ std::rotr(x, 18) ^ x >> 3U) + w[t - 16];
    }
    auto [a, b, c, d, e, f, g, h] = state;
    for (std::size_t t = 0; t < 64; ++t) {
        const std::uint32_t first = h + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) +
                                    ((e & f) ^ (~e & g)) + kConstants256[t] + w[t];
        const std::uint32_t second =
            (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + first;
        d = c;
        c = b;
        b = a;
        a = first + second;
    }
    const State256 change{a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < state.size(); ++i) {
        state[i] += change[i];
    }
}

}  // namespace

std::string sha1_hex(std::string_view bytes) {
    State1 state{0x67452301U, 0xefcdab89U, 0x98badcfeU, 0x10325476U, 0xc3d2e1f0U};
    for_each_block(bytes, [&state](const Block& block) { mix1(state, block); });
    return hex(state);
}

std::string sha256_hex(std::string_view bytes) {
    State256 state{0x6a09e667U, 0xbb67ae85U, 0x3c6ef372U, 0xa54ff53aU,
                   0x510e527fU, 0x9b05688cU, 0x1f83d9abU, 0x5be0cd19U};
    for_each_block(bytes, [&state](const Block& block) { mix256(state, block); });
    return hex(state);
}

}  // namespace terway
