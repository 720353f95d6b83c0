#include "sim/cloud/signature.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/file.hpp"
#include "sim/cloud/actions.hpp"

namespace terway::sim {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

std::string text(const json::value& value) {
    return value.is_null() ? "" : json::value_to<std::string>(value);
}

const json::value& vectors() {
    static const json::value all =
        json::parse(read_file(std::string(TERWAY_TEST_DATA) + "/openapi-signatures.json"));
    return all;
}

Parameters parameters(const json::value& object) {
    Parameters all;
    for (const auto& [key, value] : object.as_object()) {
        all.emplace(key, text(value));
    }
    return all;
}

std::string joined(const Parameters& all) {
    std::string query;
    for (const auto& [key, value] : all) {
        query += (query.empty() ? "" : "&") + percent_encode(key) + "=" + percent_encode(value);
    }
    return query;
}

TEST(SimSignature, AgreesWithEveryPublishedRpcVector) {
    int count = 0;
    for (const auto& vector : vectors().at("rpc_v1").as_array()) {
        const auto string =
            rpc_string_to_sign(text(vector.at("method")), parameters(vector.at("params")));
        EXPECT_EQ(string, text(vector.at("expected").at("string_to_sign")))
            << text(vector.at("id"));
        EXPECT_EQ(rpc_signature(string, text(vector.at("access_key_secret"))),
                  text(vector.at("expected").at("signature")));
        ++count;
    }
    EXPECT_GE(count, 8);
}

TEST(SimSignature, AgreesWithEveryPublishedAcs3Vector) {
    int count = 0;
    for (const auto& vector : vectors().at("acs3").as_array()) {
        HttpRequest request;
        request.method = text(vector.at("method"));
        request.target = "/?" + joined(parameters(vector.at("query")));
        for (const auto& header : vector.at("headers").as_array()) {
            std::string name = text(header.at(0));
            for (char& c : name) {
                c = static_cast<char>(c >= 'A' && c <= 'Z' ? c | ' ' : c);
            }
            request.headers.emplace_back(name, text(header.at(1)));
        }
        const auto& expected = vector.at("expected");
        const auto string = acs3_string_to_sign(request, text(expected.at("signed_headers")),
                                                text(vector.at("payload_sha256")));
        EXPECT_EQ(string, text(expected.at("string_to_sign"))) << text(vector.at("id"));
        EXPECT_EQ(acs3_signature(string, text(vector.at("access_key_secret"))),
                  text(expected.at("signature")))
            << text(vector.at("id"));
        ++count;
    }
    EXPECT_GE(count, 4);
}

TEST(SimSignature, EncodesAsPublished) {
    for (const auto& vector : vectors().at("percent_encode").as_array()) {
        EXPECT_EQ(percent_encode(text(vector.at("in"))), text(vector.at("out")));
    }
}

class SimGate : public ::testing::Test {
protected:
    Keys keys_;
    Gate gate_;
    WallTime now_{1700000000s};

    void SetUp() override { keys_.add({"testid", "testsecret", "", {}, true}); }

    [[nodiscard]] Parameters good() const {
        return {{"Action", "DescribeInstances"},
                {"Version", "2014-05-26"},
                {"Format", "JSON"},
                {"AccessKeyId", "testid"},
                {"SignatureMethod", "HMAC-SHA1"},
                {"SignatureVersion", "1.0"},
                {"SignatureNonce", "n1"},
                {"Timestamp", iso_time(now_)},
                {"RegionId", "cn-hangzhou"}};
    }
    static HttpRequest sign(Parameters all, const std::string& secret = "testsecret") {
        all["Signature"] = rpc_signature(rpc_string_to_sign("POST", all), secret);
        return {"POST", "/?" + joined(all), {}, "", ""};
    }
    // The code of the refusal, empty if admitted.
    std::string verdict(const HttpRequest& request) {
        Presented presented;
        try {
            gate_.admit(request, keys_, now_, presented);
            return "";
        } catch (const Refusal& refusal) {
            return refusal.code;
        }
    }
    std::string verdict_with(const std::string& name, const std::string& value) {
        auto all = good();
        all[name] = value;
        return verdict(sign(all));
    }
};

TEST_F(SimGate, AdmitsARightSignatureOnce) {
    EXPECT_EQ(verdict(sign(good())), "");
    EXPECT_EQ(verdict(sign(good())), "SignatureNonceUsed");
}

TEST_F(SimGate, TheCallCarriesTheActionsParametersOnly) {
    Presented presented;
    gate_.admit(sign(good()), keys_, now_, presented);
    EXPECT_EQ(presented.call.product, "ecs");
    EXPECT_EQ(presented.call.action, "DescribeInstances");
    EXPECT_EQ(presented.call.parameters, (Parameters{{"RegionId", "cn-hangzhou"}}));
    EXPECT_EQ(presented.call.caller, "testid");
}

TEST_F(SimGate, RefusesWithTheCodeOfTheMistake) {
    EXPECT_EQ(verdict(sign(good(), "wrong")), "SignatureDoesNotMatch");
    EXPECT_EQ(verdict_with("AccessKeyId", "nobody"), "InvalidAccessKeyId.NotFound");
    EXPECT_EQ(verdict_with("Timestamp", iso_time(now_ + 16min)), "InvalidTimeStamp.Expired");
    EXPECT_EQ(verdict_with("Timestamp", iso_time(now_ - 16min)), "InvalidTimeStamp.Expired");
    EXPECT_EQ(verdict_with("Timestamp", "yesterday"), "InvalidTimeStamp.Format");
    EXPECT_EQ(verdict_with("SignatureMethod", "MD5"), "IncompleteSignature");
    EXPECT_EQ(verdict_with("Version", "1999-01-01"), "InvalidVersion");
    EXPECT_EQ(verdict_with("SecurityToken", "x"), "InvalidSecurityToken.MismatchWithAccessKey");
}

TEST_F(SimGate, SessionsNeedTheirTokenAndEnd) {
    Dice dice(1);
    const auto session = keys_.assume("role", 900s, now_, dice);
    auto all = good();
    all["AccessKeyId"] = session.id;
    EXPECT_EQ(verdict(sign(all, session.secret)), "MissingSecurityToken");
    all["SecurityToken"] = session.security_token;
    EXPECT_EQ(verdict(sign(all, session.secret)), "");
    now_ += 900s;
    all["Timestamp"] = iso_time(now_);
    EXPECT_EQ(verdict(sign(all, session.secret)), "InvalidSecurityToken.Expired");
}

TEST_F(SimGate, Acs3NeedsEveryAcsHeaderSignedAndTheRightHash) {
    const std::string empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    HttpRequest request{"POST",
                        "/?RegionId=cn-hangzhou",
                        {{"host", "ecs"},
                         {"x-acs-action", "DescribeInstances"},
                         {"x-acs-content-sha256", empty},
                         {"x-acs-date", iso_time(now_)},
                         {"x-acs-signature-nonce", "n"},
                         {"x-acs-version", "2014-05-26"}},
                        "",
                        ""};
    const std::string names =
        "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
    const auto authorize = [&](const std::string& over) {
        HttpRequest made = request;
        made.headers.emplace_back(
            "authorization",
            "ACS3-HMAC-SHA256 Credential=testid,SignedHeaders=" + over + ",Signature=" +
                acs3_signature(acs3_string_to_sign(request, over, empty), "testsecret"));
        return made;
    };
    EXPECT_EQ(verdict(authorize("host;x-acs-date")), "IncompleteSignature");
    EXPECT_EQ(verdict(authorize(names)), "");
    EXPECT_EQ(verdict(authorize(names)), "SignatureNonceUsed");
    HttpRequest tampered = authorize(names);
    tampered.target = "/?RegionId=cn-beijing";
    EXPECT_EQ(verdict(tampered), "SignatureDoesNotMatch");
    tampered = authorize(names);
    tampered.body = "more";
    EXPECT_EQ(verdict(tampered), "SignatureDoesNotMatch");
}

}  // namespace
}  // namespace terway::sim
