#include "cloud/throttle.hpp"

#include <gtest/gtest.h>

#include "cloud/call_log.hpp"
#include "cloud/effects.hpp"
#include "cloud/settings.hpp"
#include "terway/error.hpp"

namespace terway::cloud {
namespace {

using namespace std::chrono_literals;

TEST(Throttle, LetsAMinutesCallsThroughAndThenOneAtATime) {
    Throttle throttle({{"Act", 60}});
    const Deadline start{1h};
    for (int i = 0; i < 60; ++i) {
        EXPECT_EQ(throttle.reserve("Act", start, 10min), 0ms);
    }
    EXPECT_EQ(throttle.reserve("Act", start, 10min), 1000ms);
    EXPECT_EQ(throttle.reserve("Act", start, 10min), 2000ms) << "turns are given in order";
    EXPECT_EQ(throttle.reserve("Act", start + 500ms, 10min), 2500ms);
    EXPECT_EQ(throttle.reserve("Act", start + 10min, 10min), 0ms);
}

TEST(Throttle, DoesNotCountACallThatWouldWaitTooLong) {
    Throttle throttle({{"Act", 1}});
    const Deadline start{1h};
    EXPECT_EQ(throttle.reserve("Act", start, 1s), 0ms);
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(throttle.reserve("Act", start, 1s), std::nullopt);
    }
    EXPECT_EQ(throttle.reserve("Act", start, 60s), 60s);
}

TEST(Throttle, KeepsActionsApartAndKnowsNoCapOfZero) {
    Throttle throttle({{"One", 1}, {"Free", 0}});
    const Deadline start{1h};
    EXPECT_EQ(throttle.reserve("One", start, 0ms), 0ms);
    EXPECT_EQ(throttle.reserve("One", start, 0ms), std::nullopt);
    for (int i = 0; i < 500; ++i) {
        EXPECT_EQ(throttle.reserve("Other", start, 0ms), 0ms);
        EXPECT_EQ(throttle.reserve("Free", start, 0ms), 0ms);
    }
    EXPECT_EQ(throttle.reserve("Other", start, 0ms), std::nullopt);
    EXPECT_EQ(throttle.reserve("Free", start, 0ms), 0ms);
}

TEST(BackOff, DoublesUpToItsLimitAndGivesUpToHalfOfItToChance) {
    EXPECT_EQ(back_off(0, 0, 500ms, 20s), 500ms);
    EXPECT_EQ(back_off(3, 0, 500ms, 20s), 4000ms);
    EXPECT_EQ(back_off(3, 0.5, 500ms, 20s), 3000ms);
    EXPECT_EQ(back_off(1000, 0, 500ms, 20s), 20s);
}

TEST(Pause, EndsAtOnceWhenStoppedOrWithoutTheTime) {
    std::stop_source stop;
    EXPECT_FALSE(pause_for(1h, {stop.get_token(), after(1min)}));
    EXPECT_TRUE(pause_for(1ms, {stop.get_token(), after(1min)}));
    stop.request_stop();
    EXPECT_FALSE(pause_for(1ms, {stop.get_token(), after(1min)}));
}

TEST(Chance, DiffersFromCallToCall) {
    EXPECT_NE(random_nonce(), random_nonce());
    EXPECT_EQ(random_nonce().size(), 32U);
    const auto fraction = random_fraction();
    EXPECT_GE(fraction, 0);
    EXPECT_LT(fraction, 1);
}

TEST(CallLog, CountsByActionAndCode) {
    Metrics metrics;
    CallLog log(&metrics);
    log.record("Act", "", "", WallTime(1ms), 2s);
    log.record("Act", "Throttling", "Act: Throttling", WallTime(5ms), 1s);
    log.record("Other", "", "", WallTime(6ms), 1s);
    const auto snapshot = log.snapshot();
    const auto& act = snapshot.at("Act");
    EXPECT_EQ(act.calls, 2U);
    EXPECT_EQ(act.outcomes, (std::map<std::string, std::uint64_t>{{"ok", 1}, {"Throttling", 1}}));
    EXPECT_EQ(act.last_error, "Act: Throttling");
    EXPECT_EQ(act.last_error_at, WallTime(5ms));
    EXPECT_EQ(act.seconds, 3);
    EXPECT_EQ(snapshot.at("Other").calls, 1U);
    EXPECT_NE(metrics.text().find("terway_cloud_calls_total{action=\"Act\",code=\"Throttling\"} 1"),
              std::string::npos);
}

TEST(Endpoints, FollowTheCloudsRules) {
    Settings settings;
    settings.region = "ap-southeast-1";
    EXPECT_EQ(endpoint_of(settings, Product::Ecs), "https://ecs-vpc.ap-southeast-1.aliyuncs.com");
    EXPECT_EQ(endpoint_of(settings, Product::Vpc), "https://vpc-vpc.ap-southeast-1.aliyuncs.com");
    EXPECT_EQ(endpoint_of(settings, Product::Sts), "https://sts-vpc.ap-southeast-1.aliyuncs.com");
    settings.network = "public";
    EXPECT_EQ(endpoint_of(settings, Product::Ecs), "https://ecs.ap-southeast-1.aliyuncs.com");
    settings.region = "cn-hangzhou";
    EXPECT_EQ(endpoint_of(settings, Product::Ecs), "https://ecs-cn-hangzhou.aliyuncs.com");
    EXPECT_EQ(endpoint_of(settings, Product::Vpc), "https://vpc.aliyuncs.com");
}

TEST(Endpoints, AreOverriddenWholly) {
    Settings settings;
    settings.ecs_endpoint = "http://127.0.0.1:8080/";
    settings.vpc_endpoint = "vpc.example.com";
    EXPECT_EQ(endpoint_of(settings, Product::Ecs), "http://127.0.0.1:8080");
    EXPECT_EQ(endpoint_of(settings, Product::Vpc), "https://vpc.example.com");
}

TEST(Endpoints, AreRefusedWithTheReason) {
    const auto complaint = [](const Settings& settings) {
        try {
            return endpoint_of(settings, Product::Ecs);
        } catch (const Error& error) {
            EXPECT_EQ(error.status(), Status::Invalid);
            return std::string(error.what());
        }
    };
    Settings settings;
    EXPECT_NE(complaint(settings).find("region \"\""), std::string::npos);
    settings.region = "cn-hangzhou/../evil";
    EXPECT_NE(complaint(settings).find("region"), std::string::npos);
    settings.region = "cn-hangzhou";
    settings.network = "lan";
    EXPECT_NE(complaint(settings).find("\"lan\""), std::string::npos);
    for (const auto* endpoint : {"ftp://host", "https://", "https://a/b", "https://user@host"}) {
        settings.ecs_endpoint = endpoint;
        EXPECT_NE(complaint(settings).find("https://host[:port]"), std::string::npos) << endpoint;
    }
}

}  // namespace
}  // namespace terway::cloud
