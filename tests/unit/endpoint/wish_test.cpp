#include <gtest/gtest.h>

#include "endpoint/spec_maker.hpp"

namespace terway::endpoint {
namespace {

QosWish wish(std::uint64_t ingress, std::uint64_t egress) {
    return {{ingress, egress}, Priority::None};
}

// After an ADD in which the runtime told the first, the pod's annotations the second.
EndpointSpec added(const Rates& runtime, const QosWish& annotations, const Rates& read = {}) {
    EndpointSpec spec;
    spec.ingress_bps = runtime.ingress;
    spec.egress_bps = runtime.egress;
    spec.ingress_burst = runtime.ingress != 0 ? 800'000 : 0;
    take_wish(spec, annotations, read);
    return spec;
}

Rates rates(const EndpointSpec& spec) {
    return {spec.ingress_bps, spec.egress_bps};
}

TEST(Wish, WhatTheRuntimeToldStaysWhileTheAnnotationsSayNothingNew) {
    const auto spec = added({5'000'000, 0}, wish(0, 0));
    EXPECT_EQ(following(spec, wish(0, 0)), spec);
    const auto other = added({5'000'000, 0}, wish(20'000'000, 3'000'000));
    EXPECT_EQ(rates(other), (Rates{5'000'000, 3'000'000})) << "the runtime wins";
    EXPECT_EQ(following(other, wish(20'000'000, 3'000'000)), other);
}

TEST(Wish, AChangedAnnotationDecidesItsDirectionAndLeavesTheOther) {
    auto spec = added({5'000'000, 6'000'000}, wish(0, 0));
    spec = following(spec, wish(0, 7'000'000));
    EXPECT_EQ(rates(spec), (Rates{5'000'000, 7'000'000}));
    EXPECT_EQ(spec.ingress_burst, 800'000U);
    spec = following(spec, wish(1'000'000, 7'000'000));
    EXPECT_EQ(rates(spec), (Rates{1'000'000, 7'000'000}));
    EXPECT_EQ(spec.ingress_burst, 0U) << "the burst was of the former rate";
    EXPECT_EQ(rates(following(spec, wish(0, 0))), Rates{}) << "removed";
}

TEST(Wish, AnAnnotationTheRuntimeHasReadIsFollowedLikeAnyOther) {
    const auto spec = added({5'000'000, 0}, wish(5'000'000, 0));
    EXPECT_EQ(following(spec, wish(5'000'000, 0)), spec);
    EXPECT_EQ(rates(following(spec, wish(0, 0))), Rates{});
}

TEST(Wish, AnAnnotationThatChangedAfterTheRuntimeReadItIsFollowed) {
    const auto spec = added({5'000'000, 0}, wish(20'000'000, 0), {5'000'000, 0});
    EXPECT_EQ(rates(following(spec, wish(20'000'000, 0))), (Rates{20'000'000, 0}));
}

TEST(Wish, AnAnnotationThatComesToSayWhatIsSoIsNotedForWhatFollows) {
    auto spec = added({5'000'000, 0}, wish(20'000'000, 0));
    spec = following(spec, wish(5'000'000, 0));
    EXPECT_EQ(rates(spec), (Rates{5'000'000, 0}));
    EXPECT_EQ(rates(following(spec, wish(20'000'000, 0))), (Rates{20'000'000, 0}));
}

}  // namespace
}  // namespace terway::endpoint
