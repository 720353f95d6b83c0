#include "pool/pool_set.hpp"

#include <gmock/gmock.h>

#include "pool/cidr_pool.hpp"
#include "terway/error.hpp"

namespace terway::pool {
namespace {

using std::chrono::seconds;

constexpr WallTime kNow{seconds(1'700'000'000)};

class PoolSetTest : public testing::Test {
protected:
    [[nodiscard]] std::string lease(const std::string& owner, Source source) {
        const auto got = set_.lease({owner, {}, source}, {}, Deadline::min());
        return got.addresses.front().text();
    }

    WallTime now_ = kNow;
    CidrPool first_{
        {Prefix::parse("10.1.0.0/29").value()}, seconds(30), seconds(60), [this] { return now_; }};
    CidrPool second_{
        {Prefix::parse("10.2.0.0/29").value()}, seconds(30), seconds(60), [this] { return now_; }};
    PoolSet set_{{{Source::PodCidr, &first_}, {Source::Eni, &second_}}, Source::PodCidr};
};

TEST_F(PoolSetTest, ARequestGoesToThePoolOfItsSource) {
    EXPECT_EQ(lease("a", Source::PodCidr).substr(0, 5), "10.1.");
    EXPECT_EQ(lease("b", Source::Eni).substr(0, 5), "10.2.");
}

TEST_F(PoolSetTest, ASourceTheNodeDoesNotHaveIsRefusedByName) {
    try {
        (void)lease("a", Source::ExclusiveEni);
        FAIL() << "leased";
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::Unsupported);
        EXPECT_THAT(error.what(), testing::HasSubstr("ENIs for one pod alone"));
    }
}

TEST_F(PoolSetTest, AReleaseReachesWhicheverPoolKnowsTheOwner) {
    const auto had = lease("b", Source::Eni);
    set_.release("b");
    EXPECT_EQ(set_.picture().used, 0U);
    EXPECT_EQ(second_.picture().cidrs.front().cooling, 1U);
    EXPECT_EQ(first_.picture().cidrs.front().cooling, 0U);
    now_ += seconds(31);
    set_.tick();
    EXPECT_EQ(second_.picture().cidrs.front().cooling, 0U);
    EXPECT_FALSE(had.empty());
}

TEST_F(PoolSetTest, AClaimOfARecordGoesToThePoolItNames) {
    set_.claim({"old", {}, Source::Eni}, {IpAddress::parse("10.2.0.3").value()}, {});
    EXPECT_EQ(second_.picture().used, 1U);
    EXPECT_EQ(first_.picture().used, 0U);
}

TEST_F(PoolSetTest, ThePictureIsTheSumOfThePools) {
    (void)lease("a", Source::PodCidr);
    (void)lease("b", Source::Eni);
    const auto picture = set_.picture();
    EXPECT_EQ(picture.cidrs.size(), 2U);
    EXPECT_EQ(picture.used, 2U);
    EXPECT_EQ(picture.capacity, first_.picture().capacity + second_.picture().capacity);
}

TEST_F(PoolSetTest, OnlyTheUsualSourceMakesTheNodeUnready) {
    while (second_.trouble().empty()) {
        (void)lease("b" + std::to_string(second_.picture().used), Source::Eni);
    }
    EXPECT_EQ(set_.trouble(), "");
    while (first_.trouble().empty()) {
        (void)lease("a" + std::to_string(first_.picture().used), Source::PodCidr);
    }
    EXPECT_NE(set_.trouble(), "");
}

}  // namespace
}  // namespace terway::pool
