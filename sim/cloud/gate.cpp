#include <algorithm>
#include <array>

#include "base/digest.hpp"
#include "sim/cloud/actions.hpp"
#include "sim/cloud/signature.hpp"

namespace terway::sim {
namespace {

constexpr auto kTolerance = std::chrono::minutes(15);

struct Product {
    const char* name;
    const char* version;
};
constexpr std::array<Product, 3> kProducts{{
    {"ecs", "2014-05-26"},
    {"vpc", "2016-04-28"},
    {"sts", "2015-04-01"},
}};

std::string product_of(const std::string& version) {
    for (const auto& product : kProducts) {
        if (version == product.version) {
            return product.name;
        }
    }
    refuse_call(404, "InvalidVersion",
                "Specified parameter Version is not valid: " + version + ".");
}

std::string take(Parameters& parameters, const std::string& name) {
    const auto found = parameters.find(name);
    if (found == parameters.end()) {
        return "";
    }
    std::string value = found->second;
    parameters.erase(found);
    return value;
}

void need(const std::string& name, const std::string& value) {
    if (value.empty()) {
        refuse_call(400, "Missing" + name, name + " is mandatory for this action.");
    }
}

const AccessKey& key_of(const Keys& keys, const std::string& id, const std::string& token,
                        WallTime now) {
    const AccessKey* key = keys.find(id);
    if (key == nullptr) {
        refuse_call(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.");
    }
    if (!key->enabled) {
        refuse_call(403, "InvalidAccessKeyId.Inactive", "Specified access key is disabled.");
    }
    if (token != key->security_token) {
        if (token.empty()) {
            refuse_call(400, "MissingSecurityToken", "SecurityToken is mandatory for this action.");
        }
        refuse_call(400, "InvalidSecurityToken.MismatchWithAccessKey",
                    "Specified SecurityToken mismatch with the AccessKey.");
    }
    if (key->expires && now >= *key->expires) {
        refuse_call(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.");
    }
    return *key;
}

void compare(const std::string& presented, const std::string& expected,
             const std::string& string_to_sign) {
    if (presented != expected) {
        refuse_call(400, "SignatureDoesNotMatch",
                    "Specified signature is not matched with our calculation. server string to "
                    "sign is:" +
                        string_to_sign);
    }
}

// "Signature=..." out of an Authorization header.
std::string part(const std::string& authorization, const std::string& name) {
    const auto at = authorization.find(name + "=");
    if (at == std::string::npos) {
        refuse_call(400, "IncompleteSignature",
                    "The request signature does not conform to Aliyun standards: no " + name + ".");
    }
    const auto begin = at + name.size() + 1;
    return authorization.substr(begin, authorization.find(',', begin) - begin);
}

// What the caller should have signed but did not.
void check_coverage(const HttpRequest& request, const std::string& signed_headers) {
    for (const auto& [name, value] : request.headers) {
        const bool matters = name == "host" || name.starts_with("x-acs-");
        if (matters && (";" + signed_headers + ";").find(";" + name + ";") == std::string::npos) {
            refuse_call(400, "IncompleteSignature",
                        "The request signature does not conform to Aliyun standards: header " +
                            name + " is not signed.");
        }
    }
}

}  // namespace

void Gate::admit(const HttpRequest& request, const Keys& keys, WallTime now, Presented& presented) {
    presented.call.now = now;
    if (request.method != "GET" && request.method != "POST") {
        refuse_call(400, "UnsupportedHTTPMethod", "This http method is not supported.");
    }
    Parameters all = parse_query(request.query(), true);
    if (request.header("content-type").starts_with("application/x-www-form-urlencoded")) {
        for (const auto& [name, value] : parse_query(request.body, true)) {
            all.insert_or_assign(name, value);
        }
    }
    const bool acs3 = request.has_header("x-acs-action");
    Parameters own = all;
    for (const char* system :
         {"Format", "SignatureMethod", "SignatureVersion", "SignatureType", "SignatureNonce",
          "Timestamp", "AccessKeyId", "Signature", "SecurityToken"}) {
        (void)take(own, system);
    }
    presented.call.action = take(own, "Action");
    presented.version = take(own, "Version");
    if (acs3) {
        presented.call.action = request.header("x-acs-action");
        presented.version = request.header("x-acs-version");
    }
    presented.call.parameters = own;
    need("Action", presented.call.action);
    presented.call.product = product_of(presented.version);
    if (presented.call.product == "sts" && presented.call.action == "AssumeRoleWithOIDC") {
        return;
    }
    if (request.has_header("authorization")) {
        admit_acs3(request, keys, now, presented);
    } else {
        admit_rpc(request, all, keys, now, presented);
    }
}

void Gate::admit_rpc(const HttpRequest& request, const Parameters& all, const Keys& keys,
                     WallTime now, Presented& presented) {
    Parameters system = all;
    const std::string id = take(system, "AccessKeyId");
    need("AccessKeyId", id);
    presented.call.caller = id;
    const std::string nonce = take(system, "SignatureNonce");
    need("SignatureNonce", nonce);
    const std::string time = take(system, "Timestamp");
    need("Timestamp", time);
    const std::string signature = take(system, "Signature");
    need("Signature", signature);
    if (take(system, "SignatureMethod") != "HMAC-SHA1" ||
        take(system, "SignatureVersion") != "1.0") {
        refuse_call(400, "IncompleteSignature",
                    "The request signature does not conform to Aliyun standards.");
    }
    check_time(time, now);
    const AccessKey& key = key_of(keys, id, take(system, "SecurityToken"), now);
    const std::string text = rpc_string_to_sign(request.method, all);
    compare(signature, rpc_signature(text, key.secret), text);
    check_nonce(id, nonce, now);
}

void Gate::admit_acs3(const HttpRequest& request, const Keys& keys, WallTime now,
                      Presented& presented) {
    const std::string authorization = request.header("authorization");
    if (!authorization.starts_with("ACS3-HMAC-SHA256 ")) {
        refuse_call(400, "IncompleteSignature", "The signature algorithm is not supported.");
    }
    const std::string id = part(authorization, "Credential");
    presented.call.caller = id;
    const std::string names = part(authorization, "SignedHeaders");
    check_coverage(request, names);
    check_time(request.header("x-acs-date"), now);
    const AccessKey& key = key_of(keys, id, request.header("x-acs-security-token"), now);
    const std::string hash = sha256_hex(request.body);
    const std::string text = acs3_string_to_sign(request, names, hash);
    if (request.header("x-acs-content-sha256") != hash) {
        compare("", hash, text);
    }
    compare(part(authorization, "Signature"), acs3_signature(text, key.secret), text);
    const std::string nonce = request.header("x-acs-signature-nonce");
    need("SignatureNonce", nonce);
    check_nonce(id, nonce, now);
}

void Gate::check_time(const std::string& text, WallTime now) const {
    const auto time = parse_iso_time(text);
    if (!time) {
        refuse_call(400, "InvalidTimeStamp.Format",
                    "Specified time stamp or date value is not well formatted.");
    }
    if (*time > now + kTolerance || *time < now - kTolerance) {
        refuse_call(400, "InvalidTimeStamp.Expired",
                    "Specified time stamp or date value is expired.");
    }
}

void Gate::check_nonce(const std::string& key, const std::string& nonce, WallTime now) {
    constexpr std::size_t kSweep = 4096;
    if (nonces_.size() % kSweep == kSweep - 1) {
        std::erase_if(nonces_,
                      [&](const auto& used) { return used.second + 2 * kTolerance < now; });
    }
    if (!nonces_.emplace(key + " " + nonce, now).second) {
        refuse_call(400, "SignatureNonceUsed", "Specified signature nonce was used already.");
    }
}

}  // namespace terway::sim
