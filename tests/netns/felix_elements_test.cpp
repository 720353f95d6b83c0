// policy-felix's table, of which somebody changes elements: sets of addresses, and maps of rules.
#include <linux/netlink.h>

#include <array>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/netns.hpp"
#include "netlink/nft_batch.hpp"
#include "netlink/nft_read.hpp"
#include "table.hpp"

namespace terway::felix {
namespace {

using policy::Action;
using policy::Protocol;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const policy::SetId kPods{0, 0xa};
const policy::SetId kBlocks{0, 0xb};
const std::string kZeros(31, '0');
const std::string kOfPods = "s4_" + kZeros + "a";
const std::string kOfBlocks = "s4_" + kZeros + "b";
const std::string kOfPorts = "gi3_" + kZeros + "1_pp";

IpAddress address(const char* text) {
    return IpAddress::parse(text).value();
}

policy::Picture picture() {
    policy::Update update;
    auto& pods = update.sets.emplace_back();
    pods.id = kPods;
    pods.is_new = true;
    pods.added.addresses = {address("10.0.0.1"), address("10.0.0.2"), address("fd00::1")};
    auto& blocks = update.sets.emplace_back();
    blocks.id = kBlocks;
    blocks.kind = policy::SetKind::Blocks;
    blocks.is_new = true;
    blocks.added.ranges = {{address("0.0.0.0"), address("0.0.0.255")},
                           {address("10.0.2.0"), address("10.0.2.255")},
                           {address("255.0.0.0"), address("255.255.255.255")}};
    policy::Picture made;
    made.apply(update);
    return made;
}

std::shared_ptr<const policy::RuleSet> rules() {
    policy::Tier tier;
    const policy::Match match{Action::Allow, {false, {kPods, kBlocks}}};
    tier.classes = {{Protocol::Tcp, 80, 80, {match}}, {Protocol::Udp, 53, 53, {match}}};
    return std::make_shared<policy::RuleSet>(policy::RuleSet{{0, 1}, {tier}});
}

class FelixElements : public testing::Test {
protected:
    FelixElements() {
        table_.want("cali1", {true, rules(), nullptr});
        table_.reconcile(picture_, {});
        EXPECT_THAT(table_.restore_elements(picture_), IsEmpty()) << "as it was made";
        (void)table_.take_gap();
    }
    std::size_t count(const std::string& set) {
        return nft::elements(table_.socket(), kTable, set).size();
    }
    // As somebody else does it.
    void change(const std::function<void(nft::Batch&)>& what) {
        netlink::Socket socket(NETLINK_NETFILTER);
        nft::Batch batch(kTable);
        what(batch);
        batch.commit(socket, "change elements");
    }
    static std::array<nft::Element, 1> element(std::vector<std::uint8_t> key) {
        return {nft::Element{std::move(key), false, std::nullopt}};
    }

    Netns netns_ = Netns::create();
    NetnsScope scope_{netns_.fd()};
    policy::Picture picture_ = picture();
    Table table_{Place(), netlink::Socket(NETLINK_NETFILTER)};
};

TEST_F(FelixElements, OfSetsArePutBackAndTakenOut) {
    change([](auto& batch) {
        batch.delete_elements(kOfPods, element(nft::address_key(address("10.0.0.1"))));
        batch.add_elements(kOfPods, element(nft::address_key(address("192.0.2.1"))));
        batch.flush_set(kOfBlocks);
    });
    const auto before = count(kOfBlocks);
    EXPECT_THAT(table_.restore_elements(picture_), UnorderedElementsAre(kOfPods, kOfBlocks));
    EXPECT_EQ(count(kOfPods), 2U);
    EXPECT_GT(count(kOfBlocks), before);
    EXPECT_TRUE(table_.take_gap()) << "connections may have opened meanwhile";
    change([](auto& batch) { batch.add_chain("mine"); });
    EXPECT_THAT(table_.restore_elements(picture_), IsEmpty()) << "all is as it should be";
    EXPECT_FALSE(table_.take_gap());
}

TEST_F(FelixElements, OfAGroupsMapArePutBack) {
    ASSERT_EQ(count(kOfPorts), 2U);
    change([](auto& batch) {
        batch.delete_elements(kOfPorts, element(nft::protocol_port_key(6, 80)));
    });
    EXPECT_THAT(table_.restore_elements(picture_), UnorderedElementsAre(kOfPorts));
    EXPECT_EQ(count(kOfPorts), 2U);
    EXPECT_THAT(table_.restore_elements(picture_), IsEmpty());
}

TEST_F(FelixElements, OfTheMapsOfLinksArePutBack) {
    change([](auto& batch) { batch.delete_elements(kPodsIn, element(nft::link_key("cali1"))); });
    (void)table_.restore_elements(picture_);
    EXPECT_EQ(count(kPodsIn), 1U);
}

TEST_F(FelixElements, AreNotListedWhileNobodyElseChangesAnything) {
    EXPECT_THAT(table_.restore_elements(picture_), IsEmpty());
    picture_ = {};  // compared with that, all would be wrong
    EXPECT_THAT(table_.restore_elements(picture_), IsEmpty());
    EXPECT_EQ(count(kOfPods), 2U);
}

}  // namespace
}  // namespace terway::felix
