#include "pool/vswitch_book.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace terway::pool {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr WallTime kNow{seconds(1'700'000'000)};

EniSettings settings(VSwitchChoice choice = VSwitchChoice::Ordered) {
    EniSettings out;
    out.vswitches = {"vsw-1", "vsw-2", "vsw-3"};
    out.vswitch_choice = choice;
    return out;
}

cloud::VSwitch vswitch(const char* id, std::uint64_t free, const char* zone = "z-a") {
    return {.id = id,
            .vpc = "vpc-1",
            .zone = zone,
            .cidr = {},
            .cidr6 = {},
            .free = free,
            .route_table = {}};
}

VSwitchBook::Dice rolls(std::uint64_t number) {
    return [number] { return number; };
}

TEST(VSwitchBook, OrderedTakesTheFirstThatIsNotFull) {
    VSwitchBook book(settings(), rolls(2));
    book.know({vswitch("vsw-1", 1), vswitch("vsw-2", 9), vswitch("vsw-3", 5)});
    EXPECT_EQ(book.choose(kNow), "vsw-1");
    book.exhausted("vsw-1", kNow + minutes(10));
    EXPECT_EQ(book.choose(kNow), "vsw-2");
    EXPECT_EQ(book.choose(kNow + minutes(10)), "vsw-1");
}

TEST(VSwitchBook, MostFreeAndRandomAreWhatTheySay) {
    VSwitchBook most(settings(VSwitchChoice::MostFree), rolls(0));
    most.know({vswitch("vsw-1", 1), vswitch("vsw-2", 9), vswitch("vsw-3", 5)});
    EXPECT_EQ(most.choose(kNow), "vsw-2");
    most.exhausted("vsw-2", kNow + minutes(10));
    EXPECT_EQ(most.choose(kNow), "vsw-3");
    VSwitchBook random(settings(VSwitchChoice::Random), rolls(5));
    EXPECT_EQ(random.choose(kNow), "vsw-3");
}

TEST(VSwitchBook, OneOfAnotherZoneIsPassedOverAndOneThatDoesNotExistToo) {
    auto of_zone_b = settings();
    of_zone_b.zone = "z-b";
    VSwitchBook book(of_zone_b, rolls(0));
    book.know({vswitch("vsw-1", 9), vswitch("vsw-2", 9, "z-b")});
    EXPECT_EQ(book.choose(kNow), "vsw-2");
    EXPECT_THAT(book.troubles(kNow),
                ElementsAre("vswitch vsw-1 is in zone z-a, this instance in z-b",
                            "vswitch vsw-3 does not exist; correct cloud.vswitches"));
    book.exhausted("vsw-2", kNow + minutes(10));
    EXPECT_FALSE(book.choose(kNow));
    EXPECT_EQ(book.next_chance(kNow), kNow + minutes(10));
}

TEST(VSwitchBook, OneThatCouldNotBeUsedHasItsChanceAgainLaterOrWhenTheCloudIsRead) {
    VSwitchBook book(settings(), rolls(0));
    for (const auto* id : {"vsw-1", "vsw-2", "vsw-3"}) {
        book.dropped(id, "cannot be used", kNow + minutes(10));
    }
    EXPECT_FALSE(book.choose(kNow));
    EXPECT_EQ(book.next_chance(kNow), kNow + minutes(10));
    EXPECT_EQ(book.choose(kNow + minutes(10)), "vsw-1");
    book.know({vswitch("vsw-1", 9), vswitch("vsw-2", 9), vswitch("vsw-3", 9)});
    EXPECT_EQ(book.choose(kNow), "vsw-1");
    EXPECT_THAT(book.troubles(kNow), IsEmpty());
}

}  // namespace
}  // namespace terway::pool
