#include "sim/cloud/signature.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "base/digest.hpp"
#include "sim/base64.hpp"

namespace terway::sim {
namespace {

std::string hmac(const EVP_MD* digest, const std::string& key, const std::string& text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned size = 0;
    ::HMAC(digest, key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data(), &size);
    return {reinterpret_cast<const char*>(out.data()), size};
}

std::string hex(const std::string& bytes) {
    std::string out;
    for (const char byte : bytes) {
        out += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    }
    return out;
}

int hex_digit(char digit) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto at = kDigits.find(static_cast<char>(digit | ' '));
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

std::string decoded(std::string_view text, bool form) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool escape = text[at] == '%' && at + 2 < text.size() &&
                            hex_digit(text[at + 1]) >= 0 && hex_digit(text[at + 2]) >= 0;
        if (escape) {
            out += static_cast<char>(hex_digit(text[at + 1]) * 16 + hex_digit(text[at + 2]));
            at += 2;
        } else {
            out += form && text[at] == '+' ? ' ' : text[at];
        }
    }
    return out;
}

std::string canonical(const Parameters& parameters) {
    std::string all;
    for (const auto& [name, value] : parameters) {
        all += (all.empty() ? "" : "&") + percent_encode(name) + "=" + percent_encode(value);
    }
    return all;
}

std::string trimmed(const std::string& text) {
    const auto begin = text.find_first_not_of(" \t");
    return begin == std::string::npos
               ? ""
               : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace

std::string HttpRequest::header(const std::string& name) const {
    std::vector<std::string> values;
    for (const auto& [key, value] : headers) {
        if (key == name) {
            values.push_back(trimmed(value));
        }
    }
    std::sort(values.begin(), values.end());
    std::string all;
    for (const auto& value : values) {
        all += (all.empty() ? "" : ",") + value;
    }
    return all;
}

bool HttpRequest::has_header(const std::string& name) const {
    return std::any_of(headers.begin(), headers.end(),
                       [&](const auto& header) { return header.first == name; });
}

std::string HttpRequest::path() const {
    return target.substr(0, target.find('?'));
}

std::string HttpRequest::query() const {
    const auto mark = target.find('?');
    return mark == std::string::npos ? "" : target.substr(mark + 1);
}

std::string percent_encode(const std::string& text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
        out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

Parameters parse_query(const std::string& text, bool form) {
    Parameters all;
    std::istringstream pairs(text);
    for (std::string pair; std::getline(pairs, pair, '&');) {
        if (pair.empty()) {
            continue;
        }
        const auto equals = pair.find('=');
        all.insert_or_assign(decoded(std::string_view(pair).substr(0, equals), form),
                             equals == std::string::npos
                                 ? ""
                                 : decoded(std::string_view(pair).substr(equals + 1), form));
    }
    return all;
}

std::string rpc_string_to_sign(const std::string& method, const Parameters& parameters) {
    Parameters all = parameters;
    all.erase("Signature");
    return method + "&%2F&" + percent_encode(canonical(all));
}

std::string rpc_signature(const std::string& string_to_sign, const std::string& secret) {
    return base64(hmac(::EVP_sha1(), secret + "&", string_to_sign));
}

std::string acs3_string_to_sign(const HttpRequest& request, const std::string& signed_headers,
                                const std::string& payload_hash) {
    std::string block;
    std::istringstream names(signed_headers);
    for (std::string name; std::getline(names, name, ';');) {
        block += name + ":" + request.header(name) + "\n";
    }
    const std::string canonical_request = request.method + "\n" + request.path() + "\n" +
                                          canonical(parse_query(request.query(), false)) + "\n" +
                                          block + "\n" + signed_headers + "\n" + payload_hash;
    return "ACS3-HMAC-SHA256\n" + sha256_hex(canonical_request);
}

std::string acs3_signature(const std::string& string_to_sign, const std::string& secret) {
    return hex(hmac(::EVP_sha256(), secret, string_to_sign));
}

}  // namespace terway::sim
