#include <gtest/gtest.h>

#include "policy/abi_update.hpp"

namespace terway::policy {
namespace {

IpAddress address(const char* text) {
    return IpAddress::parse(text).value();
}

Update update() {
    Update made;
    made.revision = 7;
    SetChange pods;
    pods.id = {1, 2};
    pods.added.addresses = {address("10.0.0.1"), address("fd00::1")};
    pods.removed.addresses = {address("10.0.0.2")};
    SetChange blocks;
    blocks.id = {1, 3};
    blocks.kind = SetKind::Blocks;
    blocks.is_new = true;
    blocks.added.ranges = {{address("10.0.0.0"), address("10.0.0.9")}};
    SetChange named;
    named.id = {1, 4};
    named.kind = SetKind::Named;
    named.protocol = Protocol::Sctp;
    named.added.ports = {{address("fd00::1"), 80}};
    made.sets = {pods, blocks, named};
    auto rules = std::make_shared<RuleSet>();
    rules->id = {5, 6};
    Tier tier;
    tier.classes = {{Protocol::Udp, 53, 60, {{Action::Deny, {false, {{1, 2}, {1, 3}}}}}}};
    tier.other = {{Action::Pass, {true, {}}}};
    tier.named = {{1, 4}};
    tier.otherwise = Action::Pass;
    rules->tiers = {tier, Tier{}};
    made.endpoints = {{{"x", "a"}, 7, rules, rules, {{"x", "p"}}}};
    made.gone_endpoints = {{"x", "b"}};
    made.gone_sets = {{1, 9}};
    return made;
}

TEST(AbiUpdate, SaysWhatTheUpdateSays) {
    const auto said = update();
    const AbiUpdate made(said, true, [](const ObjectName& pod) {
        return std::vector<EndpointKey>{{"container-" + pod.name, "eth0"}};
    });
    const auto& raw = made.raw();
    EXPECT_EQ(raw.is_full, 1U);
    EXPECT_EQ(raw.revision, 7U);
    ASSERT_EQ(raw.set_count, said.sets.size());
    for (std::size_t i = 0; i < raw.set_count; ++i) {
        EXPECT_EQ(set_change_from(*raw.sets[i]), said.sets[i]);
    }
    ASSERT_EQ(raw.endpoint_count, 1U);
    EXPECT_EQ(key_from(raw.endpoints[0]->key), (EndpointKey{"container-a", "eth0"}));
    EXPECT_EQ(rule_set_from(*raw.endpoints[0]->ingress), *said.endpoints[0].ingress);
    EXPECT_EQ(raw.endpoints[0]->ingress, raw.endpoints[0]->egress) << "shared";
    ASSERT_EQ(raw.gone_endpoint_count, 1U);
    EXPECT_EQ(key_from(raw.gone_endpoints[0]).container_id, "container-b");
    ASSERT_EQ(raw.gone_set_count, 1U);
    EXPECT_EQ(set_id_from(raw.gone_sets[0]), said.gone_sets[0]);
}

TEST(AbiUpdate, LeavesOutPodsWithoutInterfacesAndRepeatsThoseWithSeveral) {
    const auto said = update();
    const AbiUpdate none(said, false, [](const ObjectName&) { return std::vector<EndpointKey>(); });
    EXPECT_EQ(none.raw().endpoint_count, 0U);
    EXPECT_EQ(none.raw().gone_endpoint_count, 0U);
    const AbiUpdate two(said, false, [](const ObjectName&) {
        return std::vector<EndpointKey>{{"c", "eth0"}, {"c", "eth1"}};
    });
    EXPECT_EQ(two.raw().endpoint_count, 2U);
}

}  // namespace
}  // namespace terway::policy
