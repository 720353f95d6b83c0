#include "cni/version.hpp"

#include <gtest/gtest.h>

namespace terway::cni {
namespace {

TEST(Version, ReadsOneTwoAndThreeParts) {
    EXPECT_EQ(Version::parse("1"), (Version{1, 0, 0}));
    EXPECT_EQ(Version::parse("0.4"), (Version{0, 4, 0}));
    EXPECT_EQ(Version::parse("1.2.3"), (Version{1, 2, 3}));
}

TEST(Version, RefusesWhatIsNoVersion) {
    for (const auto* text : {"", ".", "1.", "1..0", "1.0.0.0", "1.0.0.", "v1.0.0", "1.0.0 ", " 1",
                             "-1.0.0", "+1", "1.x", "99999999999.0.0"}) {
        EXPECT_FALSE(Version::parse(text)) << '"' << text << '"';
    }
}

TEST(Version, ComparesByNumberNotByText) {
    EXPECT_LT(*Version::parse("0.9.0"), *Version::parse("0.10.0"));
    EXPECT_LT(*Version::parse("0.4.0"), *Version::parse("1.0.0"));
}

TEST(Version, SupportsExactlyTheVersionsItCanSpeak) {
    for (const auto* text : {"0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"}) {
        EXPECT_TRUE(is_supported(*Version::parse(text))) << text;
    }
    for (const auto* text : {"0.1.0", "0.2.0", "0.3.2", "1.0.1", "1.2.0", "2.0.0"}) {
        EXPECT_FALSE(is_supported(*Version::parse(text))) << text;
    }
}

TEST(Version, AnswersWithTheSupportedOnesOldestFirst) {
    EXPECT_EQ(version_document("1.0.0"),
              "{\"cniVersion\":\"1.0.0\",\"supportedVersions\":"
              "[\"0.3.0\",\"0.3.1\",\"0.4.0\",\"1.0.0\",\"1.1.0\"]}\n");
}

}  // namespace
}  // namespace terway::cni
