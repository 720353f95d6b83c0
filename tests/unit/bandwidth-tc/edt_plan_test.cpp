#include "edt_plan.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace terway::bandwidth_tc {
namespace {

constexpr std::uint64_t kMega = 1'000'000;
constexpr Means kEdt{Bucket::Edt, Queue::Fifo, true};

Shape shape(std::uint64_t rate, std::uint32_t mtu = 1500) {
    return shape_of({rate, 0}, mtu, kEdt).value();
}

TEST(EdtLimits, AreTheBytesOfTheShapeAsTheTimeTheyTakeAtItsRate) {
    Shape given;
    given.means = kEdt;
    given.rate = 1'000'000;
    given.burst = 5'000;
    given.limit = 50'000;
    const auto made = limits_of(given);
    EXPECT_EQ(made.rate, 1'000'000U);
    EXPECT_EQ(made.burst, 5'000'000U);
    EXPECT_EQ(made.queue, 50'000'000U);
    EXPECT_EQ(made.tells_clock, 1U);
    given.means.tells_clock = false;
    EXPECT_EQ(limits_of(given).tells_clock, 0U);
    EXPECT_FALSE(same_limits(limits_of(given), made));
}

TEST(EdtLimits, AreNeitherNothingNorLongerThanFqKeepsPackets) {
    for (const std::uint32_t mtu : {576U, 1500U, 9000U, 65535U}) {
        for (const std::uint64_t rate :
             {std::uint64_t{1}, std::uint64_t{8'000}, kMega, 100'000 * kMega}) {
            const auto given = shape(rate, mtu);
            const auto made = limits_of(given);
            const auto root = edt_root(given, 7, false);
            EXPECT_GT(made.queue, made.burst) << rate;
            EXPECT_LT(made.queue / 1'000, std::get<netlink::Fq>(root.options).horizon_us) << rate;
        }
    }
}

TEST(EdtLimits, LetAWholeGsoPacketWait) {
    const auto made = limits_of(shape(kMega));
    EXPECT_GE(made.queue * made.rate / EDT_SECOND, 128U << 10U);
}

TEST(EdtState, GoesOnUnderANewLimitAsFarAsThatLetsPacketsWait) {
    edt_limits limits{};
    limits.rate = 1'000;
    limits.queue = 50;
    edt_state former{};
    former.departure = 1'020;
    former.rest = 7;
    former.bytes = 1;
    former.packets = 2;
    former.drops = 3;
    auto made = taken_over(former, limits, 1'000);
    EXPECT_EQ(made.departure, 1'020U);
    EXPECT_EQ(made.rest, 0U) << "it was of another rate";
    EXPECT_EQ(made.bytes, 1U);
    EXPECT_EQ(made.packets, 2U);
    EXPECT_EQ(made.drops, 3U);
    former.departure = 9'000;
    EXPECT_EQ(taken_over(former, limits, 1'000).departure, 1'050U);
}

TEST(EdtState, TellsHowManyBytesAreYetToLeave) {
    edt_limits limits{};
    limits.rate = 1'000'000;
    edt_state state{};
    state.departure = 3 * EDT_SECOND;
    EXPECT_EQ(waiting(state, limits, EDT_SECOND), 2'000'000U);
    EXPECT_EQ(waiting(state, limits, 3 * EDT_SECOND), 0U);
    EXPECT_EQ(waiting(state, limits, 4 * EDT_SECOND), 0U);
    limits.rate = 50'000'000'000;
    EXPECT_EQ(waiting(state, limits, 0), 150'000'000'000U) << "beyond 64 bits on the way";
}

TEST(EdtRoot, HoldsAsMuchAsTheProgramLetsPassAndSaysWhoMadeTheHook) {
    const auto fast = shape(10'000 * kMega);
    const auto root = edt_root(fast, 7, true);
    EXPECT_EQ(root.kind, "fq");
    EXPECT_EQ(root.ifindex, 7U);
    EXPECT_GE(std::get<netlink::Fq>(root.options).packets, fast.limit / 1514U);
    EXPECT_TRUE(is_ours(root.handle));
    EXPECT_TRUE(is_edt(root.handle));
    EXPECT_TRUE(says_hooked(root.handle));
    const auto other = edt_root(fast, 7, false);
    EXPECT_TRUE(is_ours(other.handle));
    EXPECT_TRUE(is_edt(other.handle));
    EXPECT_FALSE(says_hooked(other.handle));
}

}  // namespace
}  // namespace terway::bandwidth_tc
