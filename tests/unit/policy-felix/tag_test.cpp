#include "tag.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan.hpp"

namespace terway::felix {
namespace {

using State = Finding::State;

const std::string kGroup = "gi2_" + std::string(31, '0') + "a";
const Tag kLeading{kGroup, 7};

std::vector<nft::RuleFacts> facts(const Tag& tag) {
    std::vector<nft::RuleFacts> out;
    for (const auto& rule : endpoint_plan(Direction::Ingress, "cali1", tag, Place{}).rules) {
        out.push_back({rule.verdict ? rule.verdict->chain : std::string(), rule.comment});
    }
    return out;
}

Finding judged(const std::vector<nft::RuleFacts>& rules) {
    return judge(Direction::Ingress, "cali1", rules, Place{});
}

TEST(Tag, IsReadAsItIsWritten) {
    for (const auto& tag : {Tag{}, Tag{.is_lost = true}, kLeading}) {
        EXPECT_EQ(Tag::parse(Direction::Ingress, tag.text()), tag) << tag.text();
    }
    EXPECT_EQ(kLeading.text(), "leads to " + kGroup + " of 7 rules");
}

TEST(Tag, OfAnythingElseIsNone) {
    for (const auto& text :
         {std::string(), std::string("closed "), "leads to " + kGroup,
          std::string("leads to  of 7 rules"), "leads to " + kGroup + " of rules",
          "leads to " + kGroup + " of 7x rules", "leads to " + kGroup + "0 of 7 rules",
          "leads to " + kGroup + " of -7 rules", std::string("leads to input of 7 rules"),
          std::string(" rules"), std::string(" of  rules"), std::string("leads to  rules")}) {
        EXPECT_EQ(Tag::parse(Direction::Ingress, text), std::nullopt) << text;
    }
    EXPECT_EQ(Tag::parse(Direction::Egress, kLeading.text()), std::nullopt);
}

TEST(Tag, FitsIntoAComment) {
    EXPECT_LT((Tag{kGroup, SIZE_MAX}).text().size(), 128U);
}

TEST(Judge, AChainAsItIsWrittenIsWhole) {
    for (const auto& tag : {Tag{}, Tag{.is_lost = true}, kLeading}) {
        const auto finding = judged(facts(tag));
        EXPECT_EQ(finding.state, State::Whole);
        EXPECT_EQ(finding.tag, tag);
    }
}

TEST(Judge, WithoutAnyOneRuleItIsDamagedAndLeadsWhereItLed) {
    for (std::size_t i = 0; i < facts(kLeading).size(); ++i) {
        auto rules = facts(kLeading);
        rules.erase(rules.begin() + static_cast<std::ptrdiff_t>(i));
        EXPECT_EQ(judged(rules).state, State::Damaged);
        EXPECT_EQ(judged(rules).tag, kLeading);
    }
}

TEST(Judge, RulesThatContradictEachOtherAreLost) {
    auto rules = facts(kLeading);
    rules.front().comment = Tag{}.text();
    EXPECT_EQ(judged(rules).state, State::Lost);
    rules = facts(kLeading);
    rules.push_back({"gi2_" + std::string(32, '0'), kLeading.text()});
    EXPECT_EQ(judged(rules).state, State::Lost);
    rules = facts(Tag{});
    rules.front().target = kGroup;
    EXPECT_EQ(judged(rules).state, State::Lost);
    EXPECT_EQ(judged({}).state, State::Lost);
}

TEST(Judge, ARuleOfSomebodyElseIsDamage) {
    auto rules = facts(kLeading);
    rules.insert(rules.begin(), nft::RuleFacts{});
    EXPECT_EQ(judged(rules).state, State::Damaged);
}

TEST(Judge, AnEarlierVersionsChainIsWholeOrLost) {
    auto rules = facts(kLeading);
    for (auto& rule : rules) {
        rule.comment.clear();
    }
    EXPECT_EQ(judged(rules).state, State::Whole);
    EXPECT_EQ(judged(rules).tag.group, kGroup);
    EXPECT_FALSE(judged(rules).is_counted);
    rules.pop_back();
    EXPECT_EQ(judged(rules).state, State::Lost);
}

}  // namespace
}  // namespace terway::felix
