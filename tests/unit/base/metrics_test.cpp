#include "base/metrics.hpp"

#include <algorithm>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "terway/error.hpp"

namespace terway {
namespace {

using testing::HasSubstr;

TEST(Metrics, PrintsEachKindInTheTextFormat) {
    Metrics metrics;
    metrics.counter("terway_adds_total", "Endpoints added.", {{"result", "ok"}}).increment(2);
    metrics.gauge("terway_idle", "Idle addresses.").set(7);
    metrics.histogram("terway_add_seconds", "Time of ADD.").observe(0.003);
    const auto text = metrics.text();
    EXPECT_THAT(text, HasSubstr("# HELP terway_adds_total Endpoints added.\n"
                                "# TYPE terway_adds_total counter\n"
                                "terway_adds_total{result=\"ok\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("# TYPE terway_idle gauge\nterway_idle 7\n"));
    EXPECT_THAT(text, HasSubstr("terway_add_seconds_bucket{le=\"0.0025\"} 0\n"
                                "terway_add_seconds_bucket{le=\"0.005\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("terway_add_seconds_count 1\n"));
}

TEST(Metrics, AnswersTheSameMetricForTheSameNameAndLabels) {
    Metrics metrics;
    const auto again = [&](const char* verb) {
        return metrics.counter("terway_calls_total", "Calls.", {{"verb", verb}});
    };
    again("attach").increment();
    again("attach").increment();
    again("detach").increment();
    EXPECT_EQ(again("attach").value(), 2);
    EXPECT_EQ(again("detach").value(), 1);
    EXPECT_THAT(metrics.text(), HasSubstr("verb=\"attach\"} 2\n"));
}

TEST(Metrics, CountsWhatManyThreadsCount) {
    Metrics metrics;
    {
        std::vector<std::jthread> threads(8);
        std::generate(threads.begin(), threads.end(), [&] {
            return std::jthread([&] {
                for (int i = 0; i < 500; ++i) {
                    metrics.counter("terway_calls_total", "Calls.").increment();
                    metrics.gauge("terway_lost", "Lost.").add(i % 2 == 0 ? 1 : -1);
                }
            });
        });
    }
    EXPECT_EQ(metrics.counter("terway_calls_total", "Calls.").value(), 4000);
    EXPECT_EQ(metrics.gauge("terway_lost", "Lost.").value(), 0);
}

TEST(Metrics, RefusesANameOfTwoKindsOrOneThatPrometheusForbids) {
    Metrics metrics;
    metrics.counter("terway_calls_total", "Calls.").increment();
    EXPECT_THROW(static_cast<void>(metrics.gauge("terway_calls_total", "Calls.")), Error);
    EXPECT_THROW(static_cast<void>(metrics.counter("no spaces", "Calls.")), Error);
}

}  // namespace
}  // namespace terway
