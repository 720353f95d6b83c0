#include "shape.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <variant>

namespace terway::bandwidth_tc {
namespace {

constexpr std::uint64_t kMega = 1'000'000;
constexpr std::uint64_t kGiga = 1'000 * kMega;
constexpr Means kPlain{Bucket::Tbf, Queue::Fifo};

Shape shape(std::uint64_t rate, std::uint32_t mtu = 1500, Means means = kPlain,
            std::uint64_t burst = 0) {
    return shape_of({rate, burst}, mtu, means).value();
}

TEST(Shape, IsNoneWithoutALimit) {
    EXPECT_FALSE(shape_of({}, 1500, kPlain));
    EXPECT_FALSE(shape_of({0, 1'000}, 1500, kPlain));
}

TEST(Shape, LetsWhatTcpCarriesHaveTheRateWithTheHeadersOnTop) {
    EXPECT_EQ(shape(12 * kMega).rate, 1'555'479U);
    EXPECT_EQ(shape(8 * kMega, 9000).rate, 1'006'026U);
    EXPECT_EQ(shape(12 * kMega, 0).rate, 1'555'479U) << "an unknown MTU is Ethernet's";
}

TEST(Shape, HoldsRatesBeyond32Bits) {
    EXPECT_EQ(shape(400 * kGiga, 1500).rate, 51'849'315'068U);
    const auto most = shape(std::numeric_limits<std::uint64_t>::max());
    EXPECT_GT(most.rate, std::numeric_limits<std::uint64_t>::max() / 8);
    EXPECT_LE(most.burst, 4U << 20U);
}

TEST(Shape, HasABurstOfAtLeastTwoPacketsHoweverSlowItIs) {
    for (const std::uint32_t mtu : {576U, 1500U, 9000U, 65535U}) {
        for (const std::uint64_t rate : {std::uint64_t{1}, std::uint64_t{8'000}, kMega}) {
            EXPECT_GE(shape(rate, mtu).burst, 2 * (mtu + 14)) << rate << " at MTU " << mtu;
        }
    }
}

TEST(Shape, HasABurstOfTenMillisecondsUpToFourMegabytes) {
    EXPECT_EQ(shape(120 * kMega).burst, 155'547U);
    EXPECT_EQ(shape(25 * kGiga).burst, 4U << 20U);
    EXPECT_GE(shape(100 * kMega).burst, 65536U) << "a GSO packet passes in one piece";
}

TEST(Shape, TakesTheBurstItIsAskedForWithinReason) {
    EXPECT_EQ(shape(100 * kMega, 1500, kPlain, 8 * kMega).burst, kMega);
    EXPECT_EQ(shape(100 * kMega, 1500, kPlain, 8).burst, 3028U) << "two packets must fit";
    const auto slow = shape(kMega, 1500, kPlain, std::numeric_limits<std::uint64_t>::max());
    EXPECT_LT(netlink::ticks_of(slow.burst, slow.rate), std::numeric_limits<std::uint32_t>::max())
        << "the kernel can still count it";
}

TEST(Shape, LetsAFewPacketsWaitHoweverSlowAndNoMoreThanAFewMegabytesHoweverFast) {
    EXPECT_GE(shape(8'000).limit, 16U * 1514U);
    EXPECT_LE(shape(400 * kGiga).limit, (32U << 20U) + (4U << 20U));
}

TEST(Shape, LetsAWholeGsoPacketWaitWhereNothingCutsIt) {
    EXPECT_GE(shape(kMega, 1500, {Bucket::Htb, Queue::Fifo}).limit, 128U << 10U);
}

TEST(Shape, ToleratesTheDelayOfAFewPacketsAtItsOwnRate) {
    EXPECT_EQ(shape(kGiga).codel_target, 5'000U);
    EXPECT_GE(shape(5 * kMega).codel_target, 16U * 2'400U) << "a packet takes 2.4 ms";
    EXPECT_LE(shape(8'000).codel_target, 100'000U);
}

TEST(Objects, ATokenBucketHasItsOwnQueueOrAFairOne) {
    const auto plain = objects_of(shape(kMega), 7);
    EXPECT_EQ(plain.root.kind, "tbf");
    EXPECT_EQ(plain.root.ifindex, 7U);
    EXPECT_EQ(plain.root.parent, netlink::kRoot);
    EXPECT_FALSE(plain.htb_class);
    EXPECT_FALSE(plain.leaf);
    const auto fair = objects_of(shape(kMega, 1500, {Bucket::Tbf, Queue::FqCodel}), 7);
    ASSERT_TRUE(fair.leaf);
    EXPECT_EQ(fair.leaf->kind, "fq_codel");
    EXPECT_EQ(fair.leaf->parent, fair.root.handle | 1U);
}

TEST(Objects, AFairQueueHoldsNoMoreThanAPlainOne) {
    for (const auto rate : {kMega, 100 * kMega, 5 * kGiga}) {
        const auto wanted = shape(rate, 1500, {Bucket::Tbf, Queue::FqCodel});
        const auto made = objects_of(wanted, 7);
        const auto& queue = std::get<netlink::FqCodel>(made.leaf->options);
        EXPECT_EQ(queue.memory_limit, 2 * wanted.limit) << "the kernel counts memory";
    }
}

TEST(Objects, AnHtbSendsAllThroughItsOneClass) {
    const auto made = objects_of(shape(100 * kMega, 1500, {Bucket::Htb, Queue::Fifo}), 7);
    EXPECT_EQ(made.root.kind, "htb");
    ASSERT_TRUE(made.htb_class);
    EXPECT_EQ(std::get<netlink::Htb>(made.root.options).default_class,
              made.htb_class->id & 0xffffU);
    EXPECT_EQ(made.htb_class->parent, made.root.handle);
    ASSERT_TRUE(made.leaf);
    EXPECT_EQ(made.leaf->kind, "bfifo");
    EXPECT_EQ(made.leaf->parent, made.htb_class->id);
}

TEST(Objects, AnotherKindHasAnotherHandleBecauseTheKernelChangesNoKind) {
    std::set<std::uint32_t> handles;
    std::set<std::uint32_t> leaves;
    for (const auto bucket : {Bucket::Tbf, Bucket::Htb}) {
        handles.insert(objects_of(shape(kMega, 1500, {bucket, Queue::Fifo}), 1).root.handle);
    }
    for (const auto queue : {Queue::FqCodel, Queue::Fq, Queue::Fifo}) {
        leaves.insert(objects_of(shape(kMega, 1500, {Bucket::Htb, queue}), 1).leaf->handle);
    }
    EXPECT_EQ(handles.size(), 2U);
    EXPECT_EQ(leaves.size(), 3U);
    for (const auto handle : handles) {
        EXPECT_TRUE(is_ours(handle));
    }
    EXPECT_FALSE(is_ours(0));
    EXPECT_FALSE(is_ours(0x80010000));
}

}  // namespace
}  // namespace terway::bandwidth_tc
