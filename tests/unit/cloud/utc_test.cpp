#include "cloud/utc.hpp"

#include <gtest/gtest.h>

namespace terway::cloud {
namespace {

WallTime at(std::int64_t seconds) {
    return WallTime(std::chrono::seconds(seconds));
}

TEST(Utc, IsWrittenAsTheCloudWantsIt) {
    EXPECT_EQ(utc_text(at(0)), "1970-01-01T00:00:00Z");
    EXPECT_EQ(utc_text(at(1'456'231'584) + std::chrono::milliseconds(999)), "2016-02-23T12:46:24Z");
    EXPECT_EQ(utc_text(at(1'709'251'199)), "2024-02-29T23:59:59Z");
}

TEST(Utc, IsReadWithAndWithoutSeconds) {
    EXPECT_EQ(parse_utc("2016-02-23T12:46:24Z"), at(1'456'231'584));
    EXPECT_EQ(parse_utc("2016-02-23T12:46Z"), at(1'456'231'560));
}

TEST(Utc, IsNotReadFromAnythingElse) {
    for (const auto* text :
         {"", "2016-02-23", "2016-02-23T12:46:24", "2016-02-30T12:46:24Z", "2016-02-23T24:00:00Z",
          "2016-02-23T12:46:24ZZ", "2016-02-23T12:46:24+08:00", "2016-13-01T00:00:00Z",
          "-016-02-23T12:46:24Z", "2016-02-23T12:4624Z"}) {
        EXPECT_FALSE(parse_utc(text)) << text;
    }
}

TEST(Utc, IsReadFromADateHeader) {
    EXPECT_EQ(parse_http_date("Thu, 26 Oct 2023 10:22:32 GMT"), at(1'698'315'752));
    for (const auto* text : {"", "Thu, 26 Oct 2023 10:22:32", "Thu, 26 anO 2023 10:22:32 GMT",
                             "Thu, 26 ctN 2023 10:22:32 GMT", "Thursday, 26-Oct-23 10:22:32 GMT",
                             "Thu, 31 Feb 2023 10:22:32 GMT"}) {
        EXPECT_FALSE(parse_http_date(text)) << text;
    }
}

}  // namespace
}  // namespace terway::cloud
