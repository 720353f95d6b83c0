#include "deviced/supply.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

#include "daemon/describe.hpp"
#include "terway/error.hpp"

namespace terway::deviced {
namespace {

std::string text(const pool::PoolPicture& picture) {
    return boost::json::serialize(daemon::describe(picture));
}

TEST(Supply, IsWhatTheDaemonSaysOfItsPool) {
    pool::PoolPicture picture;
    picture.exclusive_enis = pool::DeviceCount{7, 3, 1};
    EXPECT_EQ(read_supply(text(picture)), (Supply{7, 3, 0}));
}

TEST(Supply, CountsWholeEnisThatHaveVanished) {
    pool::PoolPicture picture;
    picture.exclusive_enis = pool::DeviceCount{7, 3, 1};
    for (const bool exclusive : {true, false}) {
        for (const auto* state : {"missing", "ready"}) {
            pool::EniPicture eni;
            eni.state = state;
            eni.exclusive = exclusive;
            picture.enis.push_back(eni);
        }
    }
    EXPECT_EQ(read_supply(text(picture)), (Supply{7, 3, 1}));
}

TEST(Supply, IsNothingWhereTheProfileGivesNoWholeEnis) {
    EXPECT_EQ(read_supply(text({})), Supply{});
}

TEST(Supply, IsUnknownUntilTheDaemonKnowsItsCapacity) {
    pool::PoolPicture picture;
    picture.exclusive_enis = pool::DeviceCount{0, 2, 0};
    EXPECT_EQ(read_supply(text(picture)), std::nullopt);
}

TEST(Supply, OfAnAnswerOfAnotherShapeIsAnError) {
    for (const auto* answer :
         {"", "[]", "{}", R"({"exclusive_enis": 3})", R"({"exclusive_enis": {"capacity": 3}})",
          R"({"exclusive_enis": {"capacity": -1, "allocated": 0}})",
          R"({"exclusive_enis": {"capacity": 1025, "allocated": 0}})",
          R"({"exclusive_enis": {"capacity": "3", "allocated": 0}})"}) {
        EXPECT_THROW((void)read_supply(answer), Error) << answer;
    }
}

}  // namespace
}  // namespace terway::deviced
