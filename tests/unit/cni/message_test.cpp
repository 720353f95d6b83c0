#include "cni/message.hpp"

#include <gtest/gtest.h>

#include "support.hpp"

namespace terway::cni {
namespace {

TEST(InvocationPayload, SurvivesTheRoundTrip) {
    const Invocation invocation{
        {{"CNI_COMMAND", "ADD"}, {"CNI_ARGS", "a=\"b\";c=\\\n\xc3\xa4"}, {"CNI_X", ""}},
        "{ \"name\" : \"\xe2\x82\xac\\u0000\" }\n"};
    EXPECT_EQ(decode_invocation(encode_invocation(invocation)), invocation);
}

TEST(InvocationPayload, IsRefusedIfMalformed) {
    for (const auto* payload :
         {"", "[]", "{", R"({"env":[]})", R"({"env":{"A":1}})", R"({"env":{},"config":{}})"}) {
        try {
            static_cast<void>(decode_invocation(payload));
            ADD_FAILURE() << "accepted " << payload;
        } catch (const Error& error) {
            EXPECT_EQ(error.status(), Status::Invalid) << payload;
        }
    }
}

TEST(ReplyPayload, SurvivesTheRoundTrip) {
    for (const auto& reply :
         {Reply::done(), Reply::success(Result{}, kNewestVersion),
          Reply::failure({"1.0.0", Code::TryAgainLater, "no address is \"free\"", "wait"})}) {
        EXPECT_EQ(decode_reply(encode_reply(reply)), reply);
    }
}

TEST(ReplyPayload, CarriesTheDocumentAsText) {
    EXPECT_EQ(encode_reply({1, "{}\n"}), R"({"exit":1,"stdout":"{}\n"})");
}

TEST(ReplyPayload, IsRefusedIfTheBinaryCouldNotPrintIt) {
    for (const auto* payload : {"", "{}", R"({"exit":-1})", R"({"exit":256})", R"({"exit":"0"})",
                                R"({"exit":0,"stdout":{}})", R"({"exit":0,"stdout":"log line"})",
                                R"({"exit":0,"stdout":"{}{}"})", R"({"exit":0,"stdout":"1"})"}) {
        EXPECT_THROW(static_cast<void>(decode_reply(payload)), Error) << payload;
    }
}

TEST(CtlReplyPayload, CarriesAResult) {
    const auto reply = decode_ctl_reply(encode_ctl_reply({R"([{"id":"a"}])", std::nullopt}));
    EXPECT_FALSE(reply.error);
    EXPECT_EQ(reply.result, R"([{"id":"a"}])");
}

TEST(CtlReplyPayload, CarriesAnErrorOfEveryStatus) {
    for (const auto status :
         {Status::Invalid, Status::Retry, Status::Unsupported, Status::Gone, Status::Internal}) {
        const auto reply =
            decode_ctl_reply(encode_ctl_reply({"null", Error(status, "endpoint a/eth0: why")}));
        ASSERT_TRUE(reply.error);
        EXPECT_EQ(reply.error->status(), status);
        EXPECT_STREQ(reply.error->what(), "endpoint a/eth0: why");
    }
}

TEST(CtlReplyPayload, IsRefusedIfMalformed) {
    for (const auto* payload : {"", "[]", R"({"error":"x"})", R"({"error":{"status":"odd"}})"}) {
        EXPECT_THROW(static_cast<void>(decode_ctl_reply(payload)), Error) << payload;
    }
}

}  // namespace
}  // namespace terway::cni
