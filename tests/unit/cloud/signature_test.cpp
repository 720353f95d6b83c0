#include "cloud/signature.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/digest.hpp"
#include "base/file.hpp"
#include "cloud/json.hpp"
#include "cloud/signed_request.hpp"

namespace terway::cloud {
namespace {

namespace json = boost::json;

// The known answers, published ones and our own pins; the file says which is which.
const json::object& vectors() {
    static const auto all = parse_object(read_file(TERWAY_TEST_DATA "/aliyun-vectors.json"));
    return all;
}

Parameters parameters_of(const json::object& object, std::string_view key) {
    Parameters parameters;
    for (const auto& [name, value] : object_of(object, key)) {
        parameters[std::string(name)] = std::string(value.as_string());
    }
    return parameters;
}

TEST(Signature, EncodesAsEveryKnownAnswerDoes) {
    const auto& entries = array_of(vectors(), "percent_encode");
    ASSERT_GE(entries.size(), 13U);
    for (const auto& entry : entries) {
        const auto& example = entry.as_object();
        EXPECT_EQ(percent_encode(text_of(example, "in")), text_of(example, "out"));
    }
}

TEST(Signature, HashesAsEveryKnownAnswerDoes) {
    const auto& entries = array_of(vectors(), "hash");
    ASSERT_GE(entries.size(), 2U);
    for (const auto& entry : entries) {
        const auto& example = entry.as_object();
        ASSERT_EQ(text_of(example, "alg"), "sha256");
        EXPECT_EQ(sha256_hex(text_of(example, "in")), text_of(example, "out"));
    }
}

TEST(Signature, SignsRpcRequestsAsEveryKnownAnswerDoes) {
    const auto& entries = array_of(vectors(), "rpc_v1");
    ASSERT_GE(entries.size(), 10U);
    for (const auto& entry : entries) {
        const auto& example = entry.as_object();
        SCOPED_TRACE(text_of(example, "id"));
        const auto parameters = parameters_of(example, "params");
        const auto& expected = object_of(example, "expected");
        const auto signature =
            sign_rpc(text_of(example, "method"), parameters, text_of(example, "access_key_secret"));
        EXPECT_EQ(canonical_query(parameters), text_of(expected, "canonical_query"));
        EXPECT_EQ(signature.string_to_sign, text_of(expected, "string_to_sign"));
        EXPECT_EQ(signature.value, text_of(expected, "signature"));
    }
}

TEST(Signature, MakesTheTextToSignOfEveryKnownAnswer) {
    const auto& entries = array_of(vectors(), "rpc_v1_string_to_sign_only");
    ASSERT_GE(entries.size(), 3U);
    for (const auto& entry : entries) {
        const auto& example = entry.as_object();
        EXPECT_EQ(sign_rpc(text_of(example, "method"), parameters_of(example, "params"), "any")
                      .string_to_sign,
                  text_of(example, "string_to_sign"));
    }
}

TEST(Signature, SignsV3RequestsAsEveryKnownAnswerDoes) {
    const auto& entries = array_of(vectors(), "acs3");
    ASSERT_GE(entries.size(), 6U);
    for (const auto& entry : entries) {
        const auto& example = entry.as_object();
        SCOPED_TRACE(text_of(example, "id"));
        Acs3Input input;
        input.method = text_of(example, "method");
        input.uri = text_of(example, "uri");
        input.query = parameters_of(example, "query");
        input.payload_sha256 = text_of(example, "payload_sha256");
        for (const auto& header : array_of(example, "headers")) {
            input.headers.emplace_back(std::string(header.as_array().at(0).as_string()),
                                       std::string(header.as_array().at(1).as_string()));
        }
        const auto signature = sign_acs3(input, text_of(example, "access_key_id"),
                                         text_of(example, "access_key_secret"));
        const auto& expected = object_of(example, "expected");
        EXPECT_EQ(signature.canonical_request, text_of(expected, "canonical_request"));
        EXPECT_EQ(signature.string_to_sign, text_of(expected, "string_to_sign"));
        EXPECT_EQ(signature.value, text_of(expected, "signature"));
        EXPECT_EQ(signature.signed_headers, text_of(expected, "signed_headers"));
        EXPECT_EQ(signature.authorization, text_of(expected, "authorization"));
    }
}

TEST(Signature, LeavesOutHeadersThatDoNotCount) {
    Acs3Input input;
    input.method = "POST";
    input.headers = {{"Host", "h"}, {"Accept", "application/json"}, {"X-Acs-Date", " d "}};
    const auto signature = sign_acs3(input, "id", "secret");
    EXPECT_EQ(signature.signed_headers, "host;x-acs-date");
    EXPECT_EQ(signature.canonical_request, "POST\n/\n\nhost:h\nx-acs-date:d\n\nhost;x-acs-date\n");
}

RequestInput session_input() {
    return {"https://ecs.example.com:8443",
            Product::Ecs,
            "DescribeNetworkInterfaces",
            {{"RegionId", "cn-hangzhou"}},
            {"STS.id", "secret", "session/+", std::nullopt},
            WallTime(std::chrono::seconds(1'700'000'000)),
            "0123"};
}

std::string header_of(const http::Request& request, const std::string& name) {
    for (const auto& [key, value] : request.headers) {
        if (key == name) {
            return value;
        }
    }
    return "";
}

TEST(SignedRequest, CarriesTheSessionInSignedHeadersOfV3) {
    const auto request = signed_request(session_input(), Signature::V3);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.url, "https://ecs.example.com:8443/?RegionId=cn-hangzhou");
    EXPECT_EQ(request.body, "");
    EXPECT_EQ(header_of(request, "Host"), "ecs.example.com:8443");
    EXPECT_EQ(header_of(request, "x-acs-date"), "2023-11-14T22:13:20Z");
    EXPECT_EQ(header_of(request, "x-acs-security-token"), "session/+");
    EXPECT_NE(header_of(request, "Authorization")
                  .find("SignedHeaders=host;x-acs-accesskey-id;x-acs-action;x-acs-content-sha256;"
                        "x-acs-date;x-acs-security-token;x-acs-signature-nonce;x-acs-version,"),
              std::string::npos);
}

TEST(SignedRequest, CarriesTheSessionAsAParameterOfV1) {
    const auto request = signed_request(session_input(), Signature::V1);
    for (const auto* part : {"SecurityToken=session%2F%2B&", "Action=DescribeNetworkInterfaces&",
                             "Format=JSON&", "Version=2014-05-26", "SignatureNonce=0123&",
                             "Timestamp=2023-11-14T22%3A13%3A20Z&", "Signature="}) {
        EXPECT_NE(request.url.find(part), std::string::npos) << part;
    }
    EXPECT_EQ(header_of(request, "Authorization"), "");
}

}  // namespace
}  // namespace terway::cloud
