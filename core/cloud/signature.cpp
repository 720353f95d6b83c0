#include "cloud/signature.hpp"

#include <algorithm>
#include <cctype>

#include "base/digest.hpp"
#include "cloud/hmac.hpp"

namespace terway::cloud {
namespace {

constexpr std::string_view kAlgorithm = "ACS3-HMAC-SHA256";

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

std::string trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    const auto last = text.find_last_not_of(" \t");
    return first == std::string_view::npos ? "" : std::string(text.substr(first, last - first + 1));
}

std::string join(const std::vector<std::string>& parts, char separator) {
    std::string out;
    for (const auto& part : parts) {
        out += (out.empty() ? "" : std::string(1, separator)) + part;
    }
    return out;
}

std::map<std::string, std::vector<std::string>> signed_ones(
    const std::vector<std::pair<std::string, std::string>>& headers) {
    std::map<std::string, std::vector<std::string>> out;
    for (const auto& [name, value] : headers) {
        const auto key = lower(name);
        if (key.starts_with("x-acs-") || key == "host" || key == "content-type") {
            out[key].push_back(trim(value));
        }
    }
    return out;
}

}  // namespace

std::string canonical_query(const Parameters& parameters) {
    std::string out;
    for (const auto& [name, value] : parameters) {
        out += out.empty() ? "" : "&";
        out += percent_encode(name) + "=" + percent_encode(value);
    }
    return out;
}

RpcSignature sign_rpc(std::string_view method, const Parameters& parameters,
                      std::string_view access_key_secret) {
    RpcSignature signature;
    signature.string_to_sign =
        std::string(method) + "&%2F&" + percent_encode(canonical_query(parameters));
    signature.value =
        base64(hmac_sha1(std::string(access_key_secret) + "&", signature.string_to_sign));
    return signature;
}

Acs3Signature sign_acs3(const Acs3Input& input, std::string_view access_key_id,
                        std::string_view access_key_secret) {
    Acs3Signature signature;
    std::string header_block;
    for (auto [name, values] : signed_ones(input.headers)) {
        std::sort(values.begin(), values.end());
        header_block += name + ":" + join(values, ',') + "\n";
        signature.signed_headers += (signature.signed_headers.empty() ? "" : ";") + name;
    }
    signature.canonical_request = input.method + "\n" + input.uri + "\n" +
                                  canonical_query(input.query) + "\n" + header_block + "\n" +
                                  signature.signed_headers + "\n" + input.payload_sha256;
    signature.string_to_sign =
        std::string(kAlgorithm) + "\n" + sha256_hex(signature.canonical_request);
    signature.value = hex(hmac_sha256(access_key_secret, signature.string_to_sign));
    signature.authorization =
        std::string(kAlgorithm) + " Credential=" + std::string(access_key_id) +
        ",SignedHeaders=" + signature.signed_headers + ",Signature=" + signature.value;
    return signature;
}

}  // namespace terway::cloud
