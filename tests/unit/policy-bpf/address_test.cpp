// Addresses and blocks as programs know them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "compile.hpp"

namespace terway::policy_bpf {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

IpAddress ip(const std::string& text) {
    return IpAddress::parse(text).value();
}

std::vector<int> bytes(const policy_address& address) {
    std::vector<std::uint8_t> raw(sizeof address);
    std::memcpy(raw.data(), &address, sizeof address);
    return {raw.begin(), raw.end()};
}

std::vector<policy_block> blocks(const std::string& first, const std::string& last) {
    return blocks_of(7, {ip(first), ip(last)});
}

// "fd00::/8", of a block as it stands in the map: a v4 one is ::ffff:0:0/96 and its own bits.
std::string text(const policy_block& block) {
    EXPECT_EQ(block.set, 7U);
    return IpAddress(Family::V6, std::vector<std::uint8_t>(
                                     reinterpret_cast<const std::uint8_t*>(&block.address),
                                     reinterpret_cast<const std::uint8_t*>(&block.address) + 16))
               .text() +
           "/" + std::to_string(block.prefix_length - POLICY_BLOCK_BITS);
}

std::vector<std::string> texts(const std::vector<policy_block>& blocks) {
    std::vector<std::string> out;
    for (const auto& each : blocks) {
        out.push_back(text(each));
    }
    return out;
}

TEST(PolicyAddress, AV4AddressIsMappedAndAV6AddressIsItself) {
    EXPECT_THAT(bytes(address_of(ip("10.1.2.3"))),
                ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3));
    EXPECT_THAT(bytes(address_of(ip("fd00::1:2"))),
                ElementsAre(0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2));
}

TEST(PolicyAddress, ComesBackAsItWas) {
    for (const auto* const each : {"0.0.0.0", "10.1.2.3", "255.255.255.255", "::", "::1", "fd00::7",
                                   "::10.1.2.3", "::fffe:a01:203", "1::ffff:a01:203"}) {
        EXPECT_EQ(ip_of(address_of(ip(each))), ip(each)) << each;
    }
}

TEST(PolicyBlock, HasThePrefixesOfItsRange) {
    EXPECT_THAT(texts(blocks("10.0.0.0", "10.0.0.255")), ElementsAre("::ffff:10.0.0.0/120"));
    EXPECT_THAT(texts(blocks("10.0.0.1", "10.0.0.2")),
                ElementsAre("::ffff:10.0.0.1/128", "::ffff:10.0.0.2/128"));
    EXPECT_THAT(texts(blocks("0.0.0.0", "255.255.255.255")), ElementsAre("::ffff:0.0.0.0/96"));
    EXPECT_THAT(texts(blocks("fd00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")),
                ElementsAre("fd00::/8"));
}

TEST(PolicyBlock, OfV6HasNoAddressOfV4) {
    const auto all = blocks("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    EXPECT_THAT(all, SizeIs(96)) << "everything but ::ffff:0:0/96";
    for (const auto& each : all) {
        EXPECT_NE(text(each), "::/0");
    }
    EXPECT_THAT(texts(blocks("::fffe:ffff:fffe", "::ffff:0.0.0.1")),
                ElementsAre("::fffe:ffff:fffe/127"));
    EXPECT_THAT(texts(blocks("::ffff:10.0.0.0", "::1:0:0:1")), ElementsAre("::1:0:0:0/127"));
    EXPECT_THAT(blocks("::ffff:10.0.0.0", "::ffff:10.0.0.255"), IsEmpty());
}

TEST(PolicyMember, IsOfItsSetAndPort) {
    const auto member = member_of(9, ip("10.0.0.1"), 80);
    EXPECT_EQ(member.set, 9U);
    EXPECT_EQ(member.port, 80U);
    EXPECT_EQ(member.reserved, 0U);
    EXPECT_EQ(ip_of(member.address), ip("10.0.0.1"));
}

}  // namespace
}  // namespace terway::policy_bpf
