// The two ways of signing a request: RPC 1.0 (HMAC-SHA1) and V3 (ACS3-HMAC-SHA256). Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/percent.hpp"

namespace terway::cloud {

// Sorted by bytes, as both schemes want it.
using Parameters = std::map<std::string, std::string>;

using http::percent_encode;
// "a=1&b=" with names and values encoded; also the query as it is sent.
[[nodiscard]] std::string canonical_query(const Parameters& parameters);

struct RpcSignature {
    std::string string_to_sign;
    std::string value;  // of the parameter Signature, not yet encoded
};

// `parameters` are all that are sent, the system's ones included, without Signature.
[[nodiscard]] RpcSignature sign_rpc(std::string_view method, const Parameters& parameters,
                                    std::string_view access_key_secret);

struct Acs3Input {
    std::string method;
    std::string uri = "/";
    Parameters query;
    std::vector<std::pair<std::string, std::string>> headers;  // of them those that count are taken
    std::string payload_sha256;
};

struct Acs3Signature {
    std::string canonical_request;
    std::string string_to_sign;
    std::string value;
    std::string signed_headers;
    std::string authorization;  // the header
};

[[nodiscard]] Acs3Signature sign_acs3(const Acs3Input& input, std::string_view access_key_id,
                                      std::string_view access_key_secret);

}  // namespace terway::cloud
