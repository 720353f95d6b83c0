// Which pods a node's kubelet starts and stops, and when.
#include "sim/kubelet/ledger.hpp"

#include <gtest/gtest.h>

namespace terway::sim::kubelet {
namespace {

using std::chrono::milliseconds;

PodOrder pod(const std::string& uid, bool leaving = false) {
    return {{"default", "web-0"}, uid, false, leaving, nullptr};
}

class LedgerTest : public testing::Test {
protected:
    Job take(Deed deed, const std::string& uid) {
        const auto job = ledger_.take(now_);
        EXPECT_TRUE(job);
        EXPECT_EQ(job.value().deed, deed);
        EXPECT_EQ(job.value().order.uid, uid);
        return *job;
    }
    void nothing_is_due() { EXPECT_FALSE(ledger_.take(now_)); }
    void start(const std::string& uid) { ledger_.finish(take(Deed::Start, uid), true, now_); }

    Deadline now_{std::chrono::seconds(1000)};
    Ledger ledger_{Patience{milliseconds(100), milliseconds(300)}};
};

TEST_F(LedgerTest, APodIsStartedOnceAndStoppedOnceWhenItIsDeleted) {
    ledger_.observe({pod("u1")}, now_);
    start("u1");
    nothing_is_due();
    ledger_.observe({pod("u1", true)}, now_);
    ledger_.finish(take(Deed::Stop, "u1"), true, now_);
    nothing_is_due();
    ledger_.observe({}, now_);
    nothing_is_due();
    EXPECT_EQ(ledger_.next(), Deadline::max());
}

TEST_F(LedgerTest, APodIsNobodyElsesWhileAJobOfItLasts) {
    ledger_.observe({pod("u1")}, now_);
    const auto job = take(Deed::Start, "u1");
    ledger_.observe({pod("u1", true)}, now_);
    nothing_is_due();
    ledger_.finish(job, true, now_);
    (void)take(Deed::Stop, "u1");
}

TEST_F(LedgerTest, AFailedStartIsTriedAgainLaterAndLaterUpToALimit) {
    ledger_.observe({pod("u1")}, now_);
    unsigned attempt = 0;
    for (const auto wait : {100, 200, 300, 300}) {
        const auto job = take(Deed::Start, "u1");
        EXPECT_EQ(job.attempt, attempt++);
        ledger_.finish(job, false, now_);
        EXPECT_EQ(ledger_.next(), now_ + milliseconds(wait));
        now_ += milliseconds(wait - 1);
        nothing_is_due();
        now_ += milliseconds(1);
    }
}

TEST_F(LedgerTest, ADeletedPodDoesNotWaitForTheBackOffOfItsStart) {
    ledger_.observe({pod("u1")}, now_);
    ledger_.finish(take(Deed::Start, "u1"), false, now_);
    ledger_.observe({pod("u1", true)}, now_);
    (void)take(Deed::Stop, "u1");
}

TEST_F(LedgerTest, AnUnchangedPodStaysBackedOffWhenOthersChange) {
    ledger_.observe({pod("u1")}, now_);
    ledger_.finish(take(Deed::Start, "u1"), false, now_);
    ledger_.observe({pod("u1"), pod("u2")}, now_);
    start("u2");
    nothing_is_due();
}

TEST_F(LedgerTest, ANewPodOfTheSameNameDoesNotWaitForTheOldOne) {
    ledger_.observe({pod("u1")}, now_);
    start("u1");
    ledger_.observe({}, now_);
    const auto stop = take(Deed::Stop, "u1");
    ledger_.observe({pod("u2")}, now_);
    start("u2");
    ledger_.finish(stop, false, now_);
    nothing_is_due();
    now_ += milliseconds(100);
    ledger_.finish(take(Deed::Stop, "u1"), true, now_);
    nothing_is_due();
}

TEST_F(LedgerTest, APodThatWasNeverStartedIsForgottenWhenItIsGone) {
    ledger_.observe({pod("u1")}, now_);
    ledger_.observe({}, now_);
    nothing_is_due();
}

}  // namespace
}  // namespace terway::sim::kubelet
