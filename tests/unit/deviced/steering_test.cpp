#include "deviced/steering.hpp"

#include <gtest/gtest.h>

namespace terway::deviced {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Step = Steering::Step;
using Sight = Steering::Sight;

constexpr Deadline kStart{seconds(1'000)};
constexpr FileId kKubelet{1, 7, 100};
constexpr FileId kNextKubelet{1, 7, 200};  // even the inode number is the same

Steering::Sight served_by(const FileId& kubelet, bool listener = false) {
    return {true, true, kubelet, listener};
}

class SteeringTest : public ::testing::Test {
protected:
    Steering steering_{[] { return 1.0; }};
};

TEST_F(SteeringTest, DoesNothingWithoutDevices) {
    EXPECT_EQ(steering_.next({false, false, kKubelet, false}, kStart), Step::Wait);
    EXPECT_EQ(steering_.wake(), Deadline::max());
}

TEST_F(SteeringTest, ServesBeforeItRegisters) {
    EXPECT_EQ(steering_.next({true, false, kKubelet, false}, kStart), Step::Serve);
    steering_.served();
    EXPECT_EQ(steering_.next(served_by(kKubelet), kStart), Step::Register);
    steering_.registered(kKubelet, kStart);
    EXPECT_EQ(steering_.next(served_by(kKubelet, true), kStart), Step::Wait);
}

TEST_F(SteeringTest, ServesAlsoWhileThereIsNoKubelet) {
    EXPECT_EQ(steering_.next({true, false, std::nullopt, false}, kStart), Step::Serve);
    steering_.served();
    EXPECT_EQ(steering_.next({true, true, std::nullopt, false}, kStart), Step::Wait);
}

TEST_F(SteeringTest, RegistersWithEveryNewKubelet) {
    steering_.served();
    steering_.registered(kKubelet, kStart);
    EXPECT_EQ(steering_.next(served_by(kKubelet, true), kStart), Step::Wait);
    EXPECT_EQ(steering_.next(served_by(kNextKubelet, true), kStart), Step::Register);
}

TEST_F(SteeringTest, RegistersAgainOnceItsOwnSocketIsNew) {
    steering_.registered(kKubelet, kStart);
    EXPECT_EQ(steering_.next({true, false, kKubelet, true}, kStart), Step::Serve);
    steering_.served();
    EXPECT_EQ(steering_.next(served_by(kKubelet), kStart), Step::Register);
}

TEST_F(SteeringTest, TriesAgainLaterWhatHasFailed) {
    EXPECT_EQ(steering_.next(served_by(kKubelet), kStart), Step::Register);
    const auto pause = steering_.failed(kStart);
    EXPECT_EQ(steering_.next(served_by(kKubelet), kStart), Step::Wait);
    EXPECT_EQ(steering_.wake(), kStart + pause);
    EXPECT_EQ(steering_.next(served_by(kKubelet), kStart + pause), Step::Register);
    EXPECT_GT(steering_.failed(kStart + pause), pause);
}

TEST_F(SteeringTest, TriesAtOnceWithAnotherKubelet) {
    (void)steering_.next(served_by(kKubelet), kStart);
    for (int i = 0; i < 5; ++i) {
        (void)steering_.failed(kStart);
    }
    EXPECT_EQ(steering_.next(served_by(kNextKubelet), kStart), Step::Register);
    EXPECT_EQ(steering_.failed(kStart), back_off(0, [] { return 1.0; }));
}

TEST_F(SteeringTest, RegistersAgainWithAKubeletThatTakesTheListNoLonger) {
    steering_.registered(kKubelet, kStart);
    EXPECT_EQ(steering_.next(served_by(kKubelet, true), kStart + seconds(60)), Step::Wait);
    EXPECT_EQ(steering_.next(served_by(kKubelet), kStart + seconds(61)), Step::Wait);
    EXPECT_EQ(steering_.wake(), kStart + seconds(70));
    EXPECT_EQ(steering_.next(served_by(kKubelet), kStart + seconds(70)), Step::Register);
}

TEST(BackOff, GrowsToHalfAMinute) {
    const auto most = [] { return 1.0; };
    EXPECT_EQ(back_off(0, most), milliseconds(200));
    EXPECT_EQ(back_off(1, most), milliseconds(400));
    EXPECT_EQ(back_off(7, most), milliseconds(25'600));
    EXPECT_EQ(back_off(8, most), milliseconds(30'000));
    EXPECT_EQ(back_off(4'000'000'000U, most), milliseconds(30'000));
}

TEST(BackOff, IsJitteredByAHalf) {
    EXPECT_EQ(back_off(8, [] { return 0.0; }), milliseconds(15'000));
    EXPECT_EQ(back_off(8, [] { return 0.5; }), milliseconds(22'500));
}

}  // namespace
}  // namespace terway::deviced
