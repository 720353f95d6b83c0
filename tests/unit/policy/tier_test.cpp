// Tiers of other kinds than NetworkPolicy's are asked in order.
#include <gtest/gtest.h>

#include "policy_testing.hpp"
#include "terway/error.hpp"

namespace terway::policy {
namespace {

class Tiers : public testing::Test {
protected:
    Tiers() {
        Update update;
        SetChange set;
        set.id = kOne;
        set.is_new = true;
        set.added.addresses = {ip("10.0.0.1")};
        update.sets = {set};
        picture.apply(update);
    }
    static Tier tier(Action action, Action otherwise) {
        Tier tier;
        tier.classes = {{Protocol::Tcp, 80, 80, {{action, {false, {kOne}}}}}};
        tier.otherwise = otherwise;
        return tier;
    }
    [[nodiscard]] bool allows(std::vector<Tier> tiers, const std::string& from,
                              std::uint16_t port) const {
        return picture.allows({{}, std::move(tiers)}, {ip(from), Protocol::Tcp, port});
    }

    static constexpr SetId kOne{1, 1};
    Picture picture;
};

TEST_F(Tiers, AnEarlierOneHasTheLastWordUnlessItPasses) {
    const auto closed = tier(Action::Deny, Action::Deny);
    EXPECT_TRUE(allows({tier(Action::Allow, Action::Pass), closed}, "10.0.0.1", 80));
    EXPECT_FALSE(allows({tier(Action::Allow, Action::Pass), closed}, "10.0.0.2", 80));
    EXPECT_FALSE(allows({tier(Action::Pass, Action::Pass), closed}, "10.0.0.1", 80));
    EXPECT_FALSE(allows({tier(Action::Deny, Action::Pass)}, "10.0.0.1", 80));
}

TEST_F(Tiers, AllowWhatNoneOfThemDecides) {
    EXPECT_TRUE(allows({}, "10.0.0.1", 80));
    EXPECT_TRUE(allows({tier(Action::Deny, Action::Pass)}, "10.0.0.2", 80));
    EXPECT_TRUE(allows({tier(Action::Deny, Action::Pass)}, "10.0.0.1", 81));
}

TEST_F(Tiers, RefuseAnUpdateThatContradictsAnEarlierOne) {
    Update update;
    SetChange set;
    set.id = kOne;
    set.added.addresses = {ip("10.0.0.1")};
    update.sets = {set};
    EXPECT_THROW(picture.apply(update), Error);
    update = {};
    update.gone_sets = {{2, 2}};
    EXPECT_THROW(picture.apply(update), Error);
}

}  // namespace
}  // namespace terway::policy
