#include "cloud/openapi.hpp"

#include <gmock/gmock.h>

#include <future>
#include <set>

#include "server.hpp"
#include "world.hpp"

namespace terway::cloud {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing_http::Act;
using testing_http::Identity;
using testing_http::in_turn;
using testing_http::Received;
using testing_http::Reply;
using testing_http::Server;

Reply refusal(const std::string& code, const std::string& message = "no", int status = 400) {
    return {status,
            R"({"RequestId":"REQ-1","Code":")" + code + R"(","Message":")" + message + "\"}"};
}

Reply success() {
    return {200, R"({"RequestId":"REQ-2"})"};
}

Call reading() {
    return {Product::Ecs, "DescribeNetworkInterfaces", {{"RegionId", "cn-hangzhou"}}, true};
}

Call with_token() {
    return {Product::Ecs, "CreateNetworkInterface", {{"ClientToken", "token-1"}}, true};
}

Call writing() {
    return {Product::Ecs, "AttachNetworkInterface", {{"NetworkInterfaceId", "eni-1"}}, false};
}

class OpenApiTest : public testing::Test {
protected:
    // Starts the cloud and a client of it.
    void start(Server::Handler handler, Settings settings = {}) {
        server_.emplace(std::move(handler));
        settings.ecs_endpoint = server_->url();
        settings.vpc_endpoint = server_->url();
        api_.emplace(settings, provider_, log_, world_.effects());
    }
    void start(std::vector<Reply> replies, Settings settings = {}) {
        start(in_turn(std::move(replies)), std::move(settings));
    }
    // The error the call ends with; fails the test if there is none.
    ApiError error_of(const Call& call) {
        try {
            static_cast<void>(api_->call(call, a_while()));
        } catch (const ApiError& error) {
            return error;
        }
        ADD_FAILURE() << "no error";
        return {Reaction::Permanent, "", "", ""};
    }
    void expect_success(const Call& call, std::size_t sendings) {
        EXPECT_THAT(api_->call(call, a_while()), HasSubstr("REQ-2"));
        EXPECT_EQ(server_->requests().size(), sendings);
    }

    World world_;
    int fetched_ = 0;
    CredentialProvider provider_{[this](const Patience&) {
                                     ++fetched_;
                                     return Credentials{"STS.id" + std::to_string(fetched_),
                                                        "the-secret", "the/session",
                                                        world_.now() + 1h};
                                 },
                                 world_.effects()};
    CallLog log_;
    std::optional<Server> server_;
    std::optional<OpenApi> api_;
};

TEST_F(OpenApiTest, SendsASignedRequest) {
    start({success()});
    expect_success(reading(), 1);
    const auto request = server_->requests().front();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/?RegionId=cn-hangzhou");
    EXPECT_EQ(request.headers.at("x-acs-action"), "DescribeNetworkInterfaces");
    EXPECT_EQ(request.headers.at("x-acs-version"), "2014-05-26");
    EXPECT_EQ(request.headers.at("x-acs-date"), "2026-01-01T00:00:00Z");
    EXPECT_EQ("http://" + request.headers.at("host"), server_->url());
    EXPECT_THAT(request.headers.at("authorization"),
                HasSubstr("ACS3-HMAC-SHA256 Credential=STS.id1,"));
}

TEST_F(OpenApiTest, SignsTheOldWayIfTold) {
    Settings settings;
    settings.signature = Signature::V1;
    start({success()}, settings);
    expect_success(reading(), 1);
    const auto query = server_->requests().front().query();
    EXPECT_EQ(query.at("Action"), "DescribeNetworkInterfaces");
    EXPECT_EQ(query.at("SecurityToken"), "the/session");
    EXPECT_EQ(query.count("Signature"), 1U);
}

TEST_F(OpenApiTest, RepeatsWithTheSameTokenANewNonceAndANewTime) {
    start({refusal("Throttling.User"), refusal("ServiceUnavailable", "later", 503), success()});
    expect_success(with_token(), 3);
    std::set<std::string> nonces;
    for (const auto& request : server_->requests()) {
        EXPECT_EQ(request.query().at("ClientToken"), "token-1");
        nonces.insert(request.headers.at("x-acs-signature-nonce"));
    }
    EXPECT_EQ(nonces.size(), 3U);
    EXPECT_EQ(server_->requests().back().headers.at("x-acs-date"), "2026-01-01T00:00:01Z");
    EXPECT_THAT(world_.pauses(), ElementsAre(500ms, 1000ms));
}

TEST_F(OpenApiTest, WaitsAsLongAsAThrottlingCloudAsks) {
    auto slow = refusal("Throttling");
    slow.headers["X-Acs-Retry-After"] = "7000";
    start({slow, success()});
    expect_success(writing(), 2);
    EXPECT_THAT(world_.pauses(), ElementsAre(7000ms));
}

TEST_F(OpenApiTest, TellsWhoeverWaitsOfEachRefusalBeforeItRepeats) {
    start({refusal("Throttling.User"), refusal("ServiceUnavailable", "later", 503), success()});
    std::vector<std::string> told;
    auto patience = a_while();
    patience.on_setback = [&](const ApiError& error) { told.push_back(error.code()); };
    (void)api_->call(with_token(), patience);
    EXPECT_THAT(told, ElementsAre("Throttling.User", "ServiceUnavailable"));
}

TEST_F(OpenApiTest, GivesUpAtTheEndOfPatienceAndSaysHowLongTheCloudAskedFor) {
    auto slow = refusal("Throttling.Api");
    slow.headers["x-acs-retry-after"] = "1000";
    world_.end_patience_after(2);
    start({slow});
    const auto error = error_of(reading());
    EXPECT_EQ(error.reaction(), Reaction::Throttled);
    EXPECT_EQ(error.status(), Status::Retry);
    EXPECT_EQ(error.code(), "Throttling.Api");
    EXPECT_EQ(error.action(), "DescribeNetworkInterfaces");
    EXPECT_EQ(error.retry_after(), 1000ms);
    EXPECT_STREQ(error.what(), "DescribeNetworkInterfaces: Throttling.Api: no (request REQ-1)");
    EXPECT_EQ(server_->requests().size(), 3U);
}

TEST_F(OpenApiTest, RepeatsAfterALostAnswerOnlyWhatIsSafeToRepeat) {
    start({{.act = Act::Cut}, success()});
    expect_success(with_token(), 2);
    start({{.act = Act::Cut}, success()});
    const auto error = error_of(writing());
    EXPECT_EQ(error.reaction(), Reaction::Unknown);
    EXPECT_EQ(error.code(), "");
    EXPECT_EQ(server_->requests().size(), 1U);
}

TEST_F(OpenApiTest, TakesAPageOfAProxyForAnUnknownOutcome) {
    const Reply page{502, "<html>Bad Gateway</html>", {{"Content-Type", "text/html"}}};
    start({page, {200, "<html>log in</html>"}, success()});
    expect_success(reading(), 3);
    start({page, success()});
    const auto error = error_of(writing());
    EXPECT_EQ(error.reaction(), Reaction::Unknown);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("HTTP 502"), Not(HasSubstr("html"))));
    EXPECT_EQ(server_->requests().size(), 1U);
}

TEST_F(OpenApiTest, RepeatsEvenAWriteIfNothingWasSent) {
    start({success()});
    Settings settings;
    settings.ecs_endpoint = "http://127.0.0.1:1";
    settings.vpc_endpoint = settings.ecs_endpoint;
    api_.emplace(settings, provider_, log_, world_.effects());
    world_.end_patience_after(3);
    const auto error = error_of(writing());
    EXPECT_EQ(error.reaction(), Reaction::Unknown);
    EXPECT_THAT(error.what(), HasSubstr("no connection"));
    EXPECT_EQ(log_.snapshot().at("AttachNetworkInterface").calls, 4U);
}

TEST_F(OpenApiTest, CorrectsItsClockOnceByTheAnswersDate) {
    auto skewed = refusal("InvalidTimeStamp.Expired");
    skewed.headers["Date"] = "Thu, 01 Jan 2026 02:00:00 GMT";
    start({skewed, success(), success()});
    expect_success(writing(), 2);
    expect_success(writing(), 3);
    EXPECT_EQ(server_->requests().at(1).headers.at("x-acs-date"), "2026-01-01T02:00:00Z");
    EXPECT_EQ(server_->requests().at(2).headers.at("x-acs-date"), "2026-01-01T02:00:00Z");

    start({skewed});
    const auto error = error_of(reading());
    EXPECT_EQ(error.reaction(), Reaction::ClockSkew);
    EXPECT_THAT(error.what(), HasSubstr("the node's clock is wrong"));
    EXPECT_EQ(server_->requests().size(), 2U);
}

TEST_F(OpenApiTest, RenewsAnExpiredSessionOnce) {
    start({refusal("InvalidSecurityToken.Expired"), success()});
    expect_success(writing(), 2);
    EXPECT_EQ(fetched_, 2);
    EXPECT_EQ(server_->requests().at(1).headers.at("x-acs-accesskey-id"), "STS.id2");

    start({refusal("InvalidParameter",
                   R"(The specified parameter \"SecurityToken.Expired\" is not valid.)")});
    EXPECT_EQ(error_of(reading()).reaction(), Reaction::StaleSession);
    EXPECT_EQ(server_->requests().size(), 2U);
}

TEST_F(OpenApiTest, ReadsBadKeysAgainOnce) {
    start({refusal("InvalidAccessKeyId.NotFound", "no", 404)});
    const auto error = error_of(reading());
    EXPECT_EQ(error.reaction(), Reaction::BadCredentials);
    EXPECT_EQ(error.status(), Status::Internal);
    EXPECT_EQ(fetched_, 2);
    EXPECT_EQ(server_->requests().size(), 2U);
}

TEST_F(OpenApiTest, NamesTheActionThatThePolicyMustAllow) {
    start({refusal("Forbidden.RAM", "User not authorized", 403)});
    const auto error = error_of(writing());
    EXPECT_EQ(error.reaction(), Reaction::Forbidden);
    EXPECT_THAT(error.what(), HasSubstr("must allow ecs:AttachNetworkInterface"));
    EXPECT_EQ(server_->requests().size(), 1U);
}

TEST_F(OpenApiTest, TakesAReplayedWriteForAnUnknownOutcome) {
    start({refusal("SignatureNonceUsed"), success()});
    expect_success(with_token(), 2);
    start({refusal("SignatureNonceUsed"), success()});
    EXPECT_EQ(error_of(writing()).reaction(), Reaction::Unknown);
    EXPECT_EQ(server_->requests().size(), 1U);
}

TEST_F(OpenApiTest, RepeatsAConflict) {
    start({refusal("Operation.Conflict", "no", 403), refusal("LastTokenProcessing", "no", 403),
           success()});
    expect_success(with_token(), 3);
}

TEST_F(OpenApiTest, NeverShowsASecret) {
    for (const auto signature : {Signature::V3, Signature::V1}) {
        Settings settings;
        settings.signature = signature;
        start(
            [](const Received& received) {
                return refusal("SignatureDoesNotMatch",
                               "server string to sign is:" + received.target + " the-secret");
            },
            settings);
        const auto sign_error = error_of(reading());
        start({refusal("InvalidParameter.X", "the/session the%2Fsession the-secret")});
        const auto other_error = error_of(reading());
        const std::vector<std::string> texts{
            sign_error.what(), other_error.what(),
            log_.snapshot().at("DescribeNetworkInterfaces").last_error};
        for (const auto& text : texts) {
            EXPECT_THAT(text, AllOf(Not(HasSubstr("the-secret")), Not(HasSubstr("the/session")),
                                    Not(HasSubstr("the%2Fsession")), Not(HasSubstr("Signature="))));
        }
    }
}

TEST_F(OpenApiTest, ReportsThatThereAreNoCredentials) {
    start({success()});
    CredentialProvider none(
        [](const Patience&) -> Credentials {
            throw Error(Status::Internal, "no RAM role is attached to the instance");
        },
        world_.effects());
    Settings settings;
    settings.ecs_endpoint = server_->url();
    settings.vpc_endpoint = server_->url();
    api_.emplace(settings, none, log_, world_.effects());
    const auto error = error_of(reading());
    EXPECT_EQ(error.reaction(), Reaction::BadCredentials);
    EXPECT_THAT(error.what(), HasSubstr("no RAM role is attached"));
    EXPECT_TRUE(server_->requests().empty());
}

TEST_F(OpenApiTest, WaitsForItsTurnUnderItsOwnCaps) {
    Settings settings;
    settings.calls_per_minute = {{"DescribeNetworkInterfaces", 6}};
    start({success()}, settings);
    for (std::size_t i = 1; i <= 7; ++i) {
        expect_success(reading(), i);
    }
    EXPECT_THAT(world_.pauses(), ElementsAre(10'000ms));
    try {
        for (int i = 0; i < 10; ++i) {
            static_cast<void>(api_->call(reading(), {{}, after(5s)}));
        }
        FAIL();
    } catch (const ApiError& error) {
        EXPECT_EQ(error.reaction(), Reaction::Throttled);
        EXPECT_THAT(error.what(), HasSubstr("this node's own limit"));
    }
    EXPECT_EQ(server_->requests().size(), 7U);
}

TEST_F(OpenApiTest, EndsAtOnceWhenStopped) {
    start({{.act = Act::Hang}});
    std::stop_source stop;
    auto outcome = std::async(std::launch::async, [&]() -> std::string {
        try {
            return api_->call(reading(), {stop.get_token(), Deadline::max()});
        } catch (const Error& error) {
            EXPECT_EQ(error.status(), Status::Retry);
            return error.what();
        }
    });
    ASSERT_TRUE(server_->await_requests(1));
    stop.request_stop();
    EXPECT_EQ(outcome.get(), "DescribeNetworkInterfaces: stopped");
}

TEST_F(OpenApiTest, EndsAtOnceWhenStoppedBetweenTwoTries) {
    std::stop_source stop;
    start([&](const Received&) {
        stop.request_stop();
        return refusal("Throttling");
    });
    EXPECT_THROW(
        {
            try {
                static_cast<void>(api_->call(reading(), {stop.get_token(), Deadline::max()}));
            } catch (const ApiError&) {
                ADD_FAILURE() << "a stop is no answer of the cloud";
                throw;
            }
        },
        Error);
}

TEST_F(OpenApiTest, LogsEachSending) {
    start({{.act = Act::Cut}, refusal("Throttling.User"), success()});
    expect_success(reading(), 3);
    const auto log = log_.snapshot().at("DescribeNetworkInterfaces");
    EXPECT_EQ(log.calls, 3U);
    EXPECT_EQ(log.outcomes, (std::map<std::string, std::uint64_t>{
                                {"Throttling.User", 1}, {"no code", 1}, {"ok", 1}}));
    EXPECT_THAT(log.last_error, HasSubstr("Throttling.User"));
}

TEST_F(OpenApiTest, DoesNotSpeakToAServerItCannotTrust) {
    const Identity identity;
    const Identity stranger;
    const Server server(in_turn({success()}), &identity);
    Settings settings;
    settings.ecs_endpoint = server.url();
    settings.vpc_endpoint = server.url();
    settings.ca_file = stranger.authority();
    api_.emplace(settings, provider_, log_, world_.effects());
    const auto error = error_of(reading());
    EXPECT_EQ(error.reaction(), Reaction::Permanent);
    EXPECT_THAT(error.what(), HasSubstr("not trusted"));
    EXPECT_TRUE(server.requests().empty());
    settings.ca_file = identity.authority();
    api_.emplace(settings, provider_, log_, world_.effects());
    EXPECT_THAT(api_->call(reading(), a_while()), HasSubstr("REQ-2"));
}

}  // namespace
}  // namespace terway::cloud
