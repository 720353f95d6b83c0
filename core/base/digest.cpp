// OpenSSL's digests by their plain functions: EVP_Digest would load configuration and providers,
// which makes the daemon 3 MiB larger and costs a tenth of an ADD.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/digest.hpp"

#include <openssl/sha.h>

#include <array>

namespace terway {
namespace {

template <class Context, std::size_t Size>
std::string digest(std::string_view bytes, int (*init)(Context*),
                   int (*update)(Context*, const void*, std::size_t),
                   int (*final)(unsigned char*, Context*)) {
    Context context;
    std::array<unsigned char, Size> value{};
    init(&context);
    update(&context, bytes.data(), bytes.size());
    final(value.data(), &context);
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const auto byte : value) {
        text += kDigits[byte >> 4U];
        text += kDigits[byte & 0xfU];
    }
    return text;
}

}  // namespace

std::string sha1_hex(std::string_view bytes) {
    return digest<SHA_CTX, SHA_DIGEST_LENGTH>(bytes, SHA1_Init, SHA1_Update, SHA1_Final);
}

std::string sha256_hex(std::string_view bytes) {
    return digest<SHA256_CTX, SHA256_DIGEST_LENGTH>(bytes, SHA256_Init, SHA256_Update,
                                                    SHA256_Final);
}

}  // namespace terway
