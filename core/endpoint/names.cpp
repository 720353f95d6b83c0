#include "endpoint/names.hpp"

#include <openssl/evp.h>

#include <array>

#include "terway/error.hpp"

namespace terway::endpoint {
namespace {

constexpr std::size_t kDigits = 11;  // 15 bytes of name less "cali"

std::string sha1_hex(const std::string& text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1) {
        throw Error(Status::Internal, "OpenSSL computes no SHA-1");
    }
    static constexpr char kHex[] = "0123456789abcdef";
    std::string out;
    for (unsigned i = 0; i < size; ++i) {
        out += kHex[digest[i] >> 4U];
        out += kHex[digest[i] & 0xfU];
    }
    return out;
}

}  // namespace

std::string host_ifname(profile::HostNames form, const EndpointSpec& spec) {
    std::string seed = spec.key.container_id + "/" + spec.key.ifname;
    if (form == profile::HostNames::Felix && !spec.pod_name.empty()) {
        seed = spec.pod_namespace + "." + spec.pod_name;
        if (spec.key.ifname != "eth0") {
            seed += spec.key.ifname;
        }
    }
    return "cali" + sha1_hex(seed).substr(0, kDigits);
}

}  // namespace terway::endpoint
