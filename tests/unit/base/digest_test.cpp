#include "base/digest.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <array>
#include <string>

namespace terway {
namespace {

std::string of_openssl(const EVP_MD* kind, const std::string& bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, kind, nullptr);
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
        text += kDigits[digest[i] >> 4U];
        text += kDigits[digest[i] & 0xfU];
    }
    return text;
}

TEST(Digest, MatchesTheExamplesOfTheStandard) {
    EXPECT_EQ(sha1_hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(sha1_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    EXPECT_EQ(sha256_hex("abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Digest, AgreesWithOpensslAtEveryLengthAroundTheBlockBoundaries) {
    std::string bytes;
    for (int length = 0; length < 300; ++length) {
        EXPECT_EQ(sha1_hex(bytes), of_openssl(EVP_sha1(), bytes)) << length;
        EXPECT_EQ(sha256_hex(bytes), of_openssl(EVP_sha256(), bytes)) << length;
        bytes += static_cast<char>(length * 37 + 5);
    }
}

TEST(Digest, AgreesWithOpensslOnAMegabyte) {
    const std::string bytes(1U << 20U, 'a');
    EXPECT_EQ(sha1_hex(bytes), of_openssl(EVP_sha1(), bytes));
    EXPECT_EQ(sha256_hex(bytes), of_openssl(EVP_sha256(), bytes));
}

}  // namespace
}  // namespace terway
