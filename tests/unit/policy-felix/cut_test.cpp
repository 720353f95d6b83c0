#include "cut.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>

namespace terway::felix {
namespace {

using policy::Action;
using policy::Protocol;
using policy::SetId;

const SetId kFriends{0, 1};

IpAddress address(const char* text) {
    return IpAddress::parse(text).value();
}

// From `client` to `called`, where `server` answers.
netlink::Tracked connection(const char* client, const char* called, const char* server,
                            std::uint16_t port, std::uint8_t protocol = IPPROTO_TCP) {
    netlink::Tracked made;
    made.protocol = protocol;
    made.original = {address(client), address(called), 40000, 1};
    made.reply = {address(server), address(client), port, 40000};
    return made;
}

class Cut : public testing::Test {
protected:
    Cut() {
        policy::Update update;
        auto& set = update.sets.emplace_back();
        set.id = kFriends;
        set.is_new = true;
        set.added.addresses = {address("10.0.0.2"), address("10.0.0.3")};
        picture_.apply(update);
        auto open = std::make_shared<policy::RuleSet>();
        auto few = std::make_shared<policy::RuleSet>();
        few->tiers.emplace_back().classes = {
            {Protocol::Tcp, 80, 80, {{Action::Allow, {false, {kFriends}}}}}};
        guarded_ = {true, few, open};
        judges_[address("10.0.0.1")] = guarded_;
    }

    bool is_forbidden(const netlink::Tracked& connection, bool asks_for_node = true) const {
        return felix::is_forbidden(connection, judges_, picture_, {address("192.168.0.1")},
                                   asks_for_node);
    }

    policy::Picture picture_;
    End guarded_;
    Judges judges_;
};

TEST_F(Cut, WhatTheRulesAllowGoesOn) {
    EXPECT_FALSE(is_forbidden(connection("10.0.0.2", "10.0.0.1", "10.0.0.1", 80)));
    EXPECT_FALSE(is_forbidden(connection("10.0.0.1", "8.8.8.8", "8.8.8.8", 443)));
    EXPECT_FALSE(is_forbidden(connection("10.0.0.8", "10.0.0.9", "10.0.0.9", 81))) << "others'";
}

TEST_F(Cut, WhatTheyDoNotAllowEnds) {
    EXPECT_TRUE(is_forbidden(connection("10.0.0.2", "10.0.0.1", "10.0.0.1", 81)));
    EXPECT_TRUE(is_forbidden(connection("10.0.0.4", "10.0.0.1", "10.0.0.1", 80)));
    EXPECT_TRUE(is_forbidden(connection("10.0.0.2", "10.0.0.1", "10.0.0.1", 0, IPPROTO_ICMP)));
}

TEST_F(Cut, ServicesAreJudgedByWhoAnswers) {
    judges_[address("10.0.0.1")] = {true, guarded_.egress, guarded_.ingress};
    EXPECT_FALSE(is_forbidden(connection("10.0.0.1", "10.96.0.1", "10.0.0.3", 80)));
    EXPECT_TRUE(is_forbidden(connection("10.0.0.1", "10.96.0.1", "10.0.0.4", 80)));
}

TEST_F(Cut, WhatTheNodeOpensAndAPodWithItselfNeverEnds) {
    EXPECT_FALSE(is_forbidden(connection("192.168.0.1", "10.0.0.1", "10.0.0.1", 81)));
    EXPECT_FALSE(is_forbidden(connection("10.0.0.1", "10.96.0.1", "10.0.0.1", 81)));
}

TEST_F(Cut, APodsConnectionToItsNodeIsAskedUnlessThatIsAllowed) {
    judges_[address("10.0.0.1")] = {true, guarded_.egress, guarded_.ingress};
    const auto to_node = connection("10.0.0.1", "192.168.0.1", "192.168.0.1", 22);
    EXPECT_TRUE(is_forbidden(to_node, true));
    EXPECT_FALSE(is_forbidden(to_node, false));
}

TEST_F(Cut, AClosedPodKeepsNothing) {
    judges_[address("10.0.0.1")] = {};
    EXPECT_TRUE(is_forbidden(connection("10.0.0.2", "10.0.0.1", "10.0.0.1", 80)));
}

TEST_F(Cut, OnlyEndpointsWhoseRulesNameTheSetAreLookedAt) {
    EXPECT_TRUE(names_any(guarded_, {kFriends}));
    EXPECT_FALSE(names_any(guarded_, {SetId{0, 2}}));
    EXPECT_FALSE(names_any({}, {kFriends}));
}

}  // namespace
}  // namespace terway::felix
