#include "daemon/max_pods.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "terway/error.hpp"

namespace terway::daemon {
namespace {

using testing::ElementsAre;

// As the cloud tells of ecs.g7.large and its like.
cloud::InstanceLimits limits(std::uint32_t enis, std::uint32_t v4, std::uint32_t v6) {
    return {.type = "ecs.test", .enis = enis, .ipv4_per_eni = v4, .ipv6_per_eni = v6};
}

MaxPods of(const std::string& text, const cloud::InstanceLimits& given = limits(4, 10, 5)) {
    profile::Diagnostics diagnostics("p");
    auto profile = profile::parse("profile = \"p\"\n" + text, diagnostics);
    EXPECT_EQ(diagnostics.print(), "");
    return max_pods(profile.value(), given);
}

TEST(MaxPods, AreThoseThatFitIntoThePodCidr) {
    const auto all =
        of("[node]\npod_cidrs = [\"172.20.1.0/28\"]\n[chain]\ndataplane = \"veth\"\n", {});
    EXPECT_GT(all.count, 8U);
    EXPECT_LE(all.count, 16U);
    EXPECT_THAT(all.reasons,
                ElementsAre(std::to_string(all.count) + " with addresses of 172.20.1.0/28"));
}

TEST(MaxPods, CannotBeToldWithoutAPodCidr) {
    try {
        (void)of("[chain]\ndataplane = \"veth\"\n", {});
        FAIL() << "it told";
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::Invalid);
        EXPECT_THAT(error.what(), testing::HasSubstr("--pod-cidr"));
    }
}

TEST(MaxPods, HaveTheAddressesOfAllSecondaryEnis) {
    const auto all = of("[pool]\nsource = \"eni\"\n[chain]\ndataplane = \"veth\"\n");
    EXPECT_EQ(all.count, 30U);
    EXPECT_THAT(all.reasons, ElementsAre("30 with addresses of 3 secondary ENIs of ecs.test, "
                                         "10 on each"));
}

TEST(MaxPods, AreAsManyAsTheScarcerFamilyAllowsAndTheOperator) {
    EXPECT_EQ(of("[pool]\nsource = \"eni\"\nfamilies = \"dual\"\nmax_enis = 2\n"
                 "[chain]\ndataplane = \"veth\"\n")
                  .count,
              10U);
}

TEST(MaxPods, HaveAWholeEniEachWhereTheProfileSaysSo) {
    EXPECT_EQ(
        of("[pool]\nsource = \"exclusive-eni\"\n[chain]\ndataplane = \"eni-exclusive\"\n").count,
        3U);
}

TEST(MaxPods, OfBothKindsOfEnisAreNoMoreForTheSecondKind) {
    const auto all =
        of("[pool]\nsource = \"eni\"\n[chain]\ndataplane = \"veth\"\n"
           "[[chain.when]]\nnamespace = \"a\"\ndataplane = \"eni-exclusive\"\n"
           "addresses = \"exclusive-eni\"\n");
    EXPECT_EQ(all.count, 30U);
    EXPECT_EQ(all.reasons.size(), 2U);
}

TEST(MaxPods, OfEnisComeOnTopOfThoseOfThePodCidr) {
    const auto all =
        of("[node]\npod_cidrs = [\"172.20.1.0/28\"]\n[chain]\ndataplane = \"veth\"\n"
           "[[chain.when]]\nnamespace = \"a\"\ndataplane = \"eni-exclusive\"\n"
           "addresses = \"exclusive-eni\"\n");
    EXPECT_EQ(all.count,
              3 + of("[node]\npod_cidrs = [\"172.20.1.0/28\"]\n[chain]\ndataplane = \"veth\"\n", {})
                      .count);
}

}  // namespace
}  // namespace terway::daemon
