#include "endpoint/rate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "terway/error.hpp"

namespace terway::endpoint {
namespace {

using testing::HasSubstr;

TEST(Rate, TerwaysAnnotationsAreBytesASecondInPowersOf1024) {
    EXPECT_EQ(terway_rate("1M"), 8'388'608U);
    EXPECT_EQ(terway_rate("1.5M"), 12'582'912U);
}

TEST(Rate, ItsUnitsMayBeWrittenInAnyCaseAndWithB) {
    for (const auto* text : {"2K", "2k", "2KB", "2kb", "2KiB", "2kIb", " 2K\n"}) {
        EXPECT_EQ(terway_rate(text), 16'384U) << text;
    }
    EXPECT_EQ(terway_rate("0.5G"), 4'294'967'296U);
    EXPECT_EQ(terway_rate("1T"), 8'796'093'022'208U);
    EXPECT_EQ(terway_rate("100B"), 800U);
}

TEST(Rate, KubernetesQuantitiesAreBitsASecond) {
    EXPECT_EQ(kubernetes_rate("1M"), 1'000'000U);
    EXPECT_EQ(kubernetes_rate("1Mi"), 1'048'576U);
    EXPECT_EQ(kubernetes_rate("1.5k"), 1'500U);
    EXPECT_EQ(kubernetes_rate("10e3"), 10'000U);
    EXPECT_EQ(kubernetes_rate("1E+4"), 10'000U);
    EXPECT_EQ(kubernetes_rate("1000"), 1'000U);
    EXPECT_EQ(kubernetes_rate("1000000500m"), 1'000'001U) << "rounded up";
    EXPECT_EQ(kubernetes_rate("1P"), 1'000'000'000'000'000U);
}

TEST(Rate, WhatIsNoRateIsRefusedWithTheFormThatIs) {
    for (const auto* text : {"", "M", "100", "0M", "-1M", "1X", "1MM", "1.2.3M", "1BB", "9999999T",
                             "1 M", "inf", "0x10M", "1e3B"}) {
        try {
            (void)terway_rate(text);
            ADD_FAILURE() << text;
        } catch (const Error& error) {
            EXPECT_EQ(error.status(), Status::Invalid);
            EXPECT_THAT(error.what(), HasSubstr("powers of 1024")) << text;
        }
    }
    for (const auto* text : {"", "k", "999", "2P", "1K", "1mi", "-5M", "1e", "1e+", " 1M", "nan"}) {
        try {
            (void)kubernetes_rate(text);
            ADD_FAILURE() << text;
        } catch (const Error& error) {
            EXPECT_THAT(error.what(), HasSubstr("from 1k to 1P")) << text;
        }
    }
}

TEST(Rate, APodsAnnotationsGiveBothDirectionsAndTheStandardOnesCount) {
    EXPECT_EQ(rates_of({}), Rates{});
    EXPECT_EQ(rates_of({{"k8s.aliyun.com/ingress-bandwidth", "1M"},
                        {"k8s.aliyun.com/egress-bandwidth", "2M"},
                        {"kubernetes.io/egress-bandwidth", "3M"}}),
              (Rates{8'388'608, 3'000'000}));
}

TEST(Rate, AComplaintNamesTheAnnotationAndItsValue) {
    try {
        (void)rates_of({{"k8s.aliyun.com/ingress-bandwidth", "fast"}});
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(),
                    HasSubstr("annotation k8s.aliyun.com/ingress-bandwidth: \"fast\": it must be"));
    }
}

TEST(Rate, AComplaintAboutALongOrUnprintableValueStillEndsWithTheFormThatIsAccepted) {
    const auto complaint = [](const std::string& value) -> std::string {
        try {
            (void)rates_of({{"k8s.aliyun.com/ingress-bandwidth", value}});
            return "accepted";
        } catch (const Error& error) {
            return error.what();
        }
    };
    const auto longest = complaint(std::string(100'000, 'x'));
    EXPECT_LT(longest.size(), 300U);
    EXPECT_THAT(longest, HasSubstr("xxx\"...: it must be"));
    EXPECT_THAT(complaint(std::string("1M\0\n\x1b[31m", 9)),
                HasSubstr("\"1M???[31m\": it must be"));
    EXPECT_THAT(complaint("114T"), HasSubstr("at most 113T"));
}

}  // namespace
}  // namespace terway::endpoint
