#include "cloud/signed_request.hpp"

#include "base/digest.hpp"
#include "cloud/utc.hpp"

namespace terway::cloud {
namespace {

std::string host_in(const std::string& endpoint) {
    return endpoint.substr(endpoint.find("://") + 3);
}

http::Request sign_v3(const RequestInput& input) {
    Acs3Input to_sign;
    to_sign.method = "POST";
    to_sign.query = input.parameters;
    to_sign.payload_sha256 = sha256_hex("");
    to_sign.headers = {{"Host", host_in(input.endpoint)},
                       {"x-acs-action", input.action},
                       {"x-acs-version", version_of(input.product)},
                       {"x-acs-date", utc_text(input.timestamp)},
                       {"x-acs-signature-nonce", input.nonce},
                       {"x-acs-content-sha256", to_sign.payload_sha256}};
    if (!input.credentials.security_token.empty()) {
        to_sign.headers.emplace_back("x-acs-accesskey-id", input.credentials.access_key_id);
        to_sign.headers.emplace_back("x-acs-security-token", input.credentials.security_token);
    }
    const auto signature =
        sign_acs3(to_sign, input.credentials.access_key_id, input.credentials.access_key_secret);
    http::Request request;
    request.url = input.endpoint + "/?" + canonical_query(input.parameters);
    request.headers = std::move(to_sign.headers);
    request.headers.emplace_back("Authorization", signature.authorization);
    return request;
}

http::Request sign_v1(const RequestInput& input) {
    auto all = input.parameters;
    all["Action"] = input.action;
    all["Version"] = version_of(input.product);
    all["Format"] = "JSON";
    all["AccessKeyId"] = input.credentials.access_key_id;
    all["SignatureMethod"] = "HMAC-SHA1";
    all["SignatureVersion"] = "1.0";
    all["SignatureNonce"] = input.nonce;
    all["Timestamp"] = utc_text(input.timestamp);
    if (!input.credentials.security_token.empty()) {
        all["SecurityToken"] = input.credentials.security_token;
    }
    all["Signature"] = sign_rpc("POST", all, input.credentials.access_key_secret).value;
    http::Request request;
    request.url = input.endpoint + "/?" + canonical_query(all);
    request.headers = {{"Host", host_in(input.endpoint)},
                       {"Content-Type", "application/x-www-form-urlencoded"}};
    return request;
}

}  // namespace

http::Request signed_request(const RequestInput& input, Signature signature) {
    auto request = signature == Signature::V3 ? sign_v3(input) : sign_v1(input);
    request.method = "POST";
    request.headers.emplace_back("Accept", "application/json");
    request.headers.emplace_back("User-Agent", "terway/" TERWAY_VERSION);
    return request;
}

}  // namespace terway::cloud
