#include "kube/status.hpp"

#include <gmock/gmock.h>

#include "kube_testing.hpp"

namespace terway::kube {
namespace {

using namespace std::chrono_literals;

TEST(KubeStatus, SaysWhatTheServerSays) {
    const auto refusal =
        read_refusal(404, status_json(404, "NotFound", "pods \\\"a\\\" not found"), "");
    EXPECT_EQ(refusal.code, 404);
    EXPECT_EQ(refusal.reason, "NotFound");
    EXPECT_EQ(refusal.text(), "404 NotFound: pods \"a\" not found");
    EXPECT_EQ(ApiError("GET /x", refusal).what(),
              std::string("GET /x: 404 NotFound: pods \"a\" not found"));
}

TEST(KubeStatus, TellsTheFirstLineOfWhatIsNoStatus) {
    EXPECT_EQ(read_refusal(502, "<html>\nlong", "").text(), "502: <html>");
    EXPECT_EQ(read_refusal(500, "", "").text(), "500");
    EXPECT_EQ(read_refusal(500, "{\"message\":\"half", "").text(), "500: {\"message\":\"half");
    EXPECT_EQ(read_refusal(500, std::string(10'000, 'x'), "").text().size(), 205U);
    EXPECT_EQ(read_refusal(500, "a\tb", "").text(), "500: a b");
}

TEST(KubeStatus, KnowsWhenToComeBack) {
    EXPECT_EQ(read_refusal(429, "", "7").retry_after, 7s);
    EXPECT_EQ(
        read_refusal(429, R"({"reason":"x","details":{"retryAfterSeconds":3}})", "").retry_after,
        3s);
    EXPECT_EQ(read_refusal(429, "", "Wed, 21 Oct 2015 07:28:00 GMT").retry_after, std::nullopt);
}

TEST(KubeStatus, IsOfAKind) {
    const auto kind = [](int code) { return ApiError("x", read_refusal(code, "", "")).status(); };
    EXPECT_EQ(kind(404), Status::Gone);
    EXPECT_EQ(kind(410), Status::Gone);
    EXPECT_EQ(kind(401), Status::Retry);
    EXPECT_EQ(kind(409), Status::Retry);
    EXPECT_EQ(kind(429), Status::Retry);
    EXPECT_EQ(kind(503), Status::Retry);
    EXPECT_EQ(kind(403), Status::Invalid);
    EXPECT_EQ(kind(422), Status::Invalid);
}

}  // namespace
}  // namespace terway::kube
