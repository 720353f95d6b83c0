#include "profile/section.hpp"

#include <chrono>

#include <gtest/gtest.h>

namespace terway::profile {
namespace {

using std::chrono::milliseconds;

TEST(Duration, IsANumberWithAUnit) {
    EXPECT_EQ(parse_duration("500ms"), milliseconds(500));
    EXPECT_EQ(parse_duration("30s"), milliseconds(30'000));
    EXPECT_EQ(parse_duration("2m"), milliseconds(120'000));
    EXPECT_EQ(parse_duration("1h"), milliseconds(3'600'000));
    EXPECT_EQ(parse_duration("0s"), milliseconds(0));
}

TEST(Duration, IsNothingElse) {
    for (const char* text : {"", "30", "s", "-1s", "+1s", "1.5s", "30 s", "30S", "1d", "1m30s",
                             "99999999999999999999s", "9223372036854775807h"}) {
        EXPECT_EQ(parse_duration(text), std::nullopt) << text;
    }
}

TEST(Suggestion, NamesTheNearestCandidate) {
    EXPECT_EQ(suggestion("cool_dwon", {"cool_up", "cool_down"}), ", did you mean \"cool_down\"?");
    EXPECT_EQ(suggestion("qoss", {"dataplane", "qos"}), ", did you mean \"qos\"?");
}

TEST(Suggestion, SaysNothingWhenNoCandidateIsNear) {
    EXPECT_EQ(suggestion("colour", {"dataplane", "qos"}), "");
    EXPECT_EQ(suggestion("x", {"dataplane"}), "");
    EXPECT_EQ(suggestion("x", {}), "");
}

}  // namespace
}  // namespace terway::profile
