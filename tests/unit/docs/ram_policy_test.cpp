#include "ram_policy.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/file.hpp"
#include "terway/error.hpp"

namespace terway::ram {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// What core/cloud/api.hpp can do, by the names of the cloud.
const std::vector<std::string> kPoolActions{
    "ecs:AssignIpv6Addresses",       "ecs:AssignPrivateIpAddresses",   "ecs:AttachNetworkInterface",
    "ecs:CreateNetworkInterface",    "ecs:DeleteNetworkInterface",     "ecs:DescribeInstanceTypes",
    "ecs:DescribeNetworkInterfaces", "ecs:DetachNetworkInterface",     "ecs:TagResources",
    "ecs:UnassignIpv6Addresses",     "ecs:UnassignPrivateIpAddresses", "vpc:DescribeVSwitches"};
const std::vector<std::string> kRouteActions{"vpc:CreateRouteEntry", "vpc:DeleteRouteEntry",
                                             "vpc:DescribeRouteEntryList",
                                             "vpc:DescribeRouteTableList", "vpc:DescribeVSwitches"};

std::string document(const std::string& name) {
    return read_file(TERWAY_DOCS "/" + name);
}

Policy policy(const std::string& statements) {
    return parse_policy(R"({"Version": "1", "Statement": [)" + statements + "]}");
}

const std::string kCreate =
    R"({"Effect": "Allow", "Action": "ecs:CreateNetworkInterface", "Resource": "*"})";

TEST(RamPolicy, AllowsWhatItNames) {
    const auto subject = policy(kCreate);
    EXPECT_TRUE(allows(subject, "ecs:CreateNetworkInterface"));
    EXPECT_FALSE(allows(subject, "ecs:CreateNetworkInterfaces"));
    EXPECT_FALSE(allows(subject, "vpc:CreateNetworkInterface"));
}

TEST(RamPolicy, TakesAStarForAnyCharacters) {
    const auto subject =
        policy(R"({"Effect": "Allow", "Action": ["ecs:Describe*s", "vpc:*"], "Resource": "*"})");
    EXPECT_TRUE(allows(subject, "ecs:DescribeInstanceTypes"));
    EXPECT_TRUE(allows(subject, "vpc:CreateRouteEntry"));
    EXPECT_FALSE(allows(subject, "ecs:DescribeNetworkInterfaceAttribute"));
}

TEST(RamPolicy, LetsADenialWin) {
    const auto subject =
        policy(kCreate + R"(, {"Effect": "Deny", "Action": "ecs:*", "Resource": "*"})");
    EXPECT_FALSE(allows(subject, "ecs:CreateNetworkInterface"));
}

TEST(RamPolicy, RefusesWhatItDoesNotUnderstand) {
    EXPECT_THROW((void)parse_policy("{}"), Error);
    EXPECT_THROW((void)parse_policy("no JSON"), Error);
    EXPECT_THROW((void)policy("1"), Error);
    EXPECT_THROW((void)policy(R"({"Effect": "Perhaps", "Action": "a", "Resource": "*"})"), Error);
    EXPECT_THROW((void)policy(R"({"Effect": "Allow", "Resource": "*"})"), Error);
    EXPECT_THROW((void)policy(R"({"Effect": "Allow", "NotAction": "a", "Resource": "*"})"), Error);
}

TEST(RamPolicy, DiffersFromALogThatHasMore) {
    const std::vector<std::string> made{"ecs:RunInstances", "ecs:CreateNetworkInterface",
                                        "ecs:RunInstances"};
    const auto difference = compare(policy(kCreate), made);
    EXPECT_THAT(difference.missing, ElementsAre("ecs:RunInstances"));
    EXPECT_THAT(difference.unused, IsEmpty());
    EXPECT_EQ(difference.text(), "made, but the policy lacks: ecs:RunInstances\n");
}

TEST(RamPolicy, DiffersFromALogThatHasLess) {
    const auto difference = compare(policy(kCreate), {});
    EXPECT_THAT(difference.missing, IsEmpty());
    EXPECT_THAT(difference.unused, ElementsAre("ecs:CreateNetworkInterface"));
    EXPECT_FALSE(difference.none());
}

TEST(PublishedPolicy, OfThePoolGrantsTheCallsOfThePoolAndNoOther) {
    EXPECT_EQ(compare(parse_policy(document("ram-policy.json")), kPoolActions).text(), "");
}

TEST(PublishedPolicy, OfTheRouteKeeperGrantsItsCallsAndNoOther) {
    EXPECT_EQ(compare(parse_policy(document("ram-policy-routes.json")), kRouteActions).text(), "");
}

TEST(PublishedPolicy, CoversAllCallsWithBothTogether) {
    const std::array policies{parse_policy(document("ram-policy.json")),
                              parse_policy(document("ram-policy-routes.json"))};
    auto all = kPoolActions;
    all.insert(all.end(), kRouteActions.begin(), kRouteActions.end());
    EXPECT_TRUE(compare(together(policies), all).none());
}

TEST(PublishedPolicy, ChangesNothingOnEveryResourceThereIs) {
    for (const auto* name : {"ram-policy.json", "ram-policy-routes.json"}) {
        for (const auto& statement : parse_policy(document(name)).statements) {
            const auto& resources = statement.resources;
            const bool everything =
                std::find(resources.begin(), resources.end(), "*") != resources.end();
            for (const auto& action : statement.actions) {
                EXPECT_EQ(everything, action.find(":Describe") != std::string::npos) << action;
                EXPECT_EQ(action.find('*'), std::string::npos) << action;
            }
        }
    }
}

TEST(PublishedPolicy, IsExplainedActionByAction) {
    const auto text = document("ram-policy.md");
    const std::string row = "\n| `";
    std::set<std::string> explained;
    for (auto at = text.find(row); at != std::string::npos; at = text.find(row, at)) {
        at += row.size();
        explained.insert(text.substr(at, text.find('`', at) - at));
    }
    std::set<std::string> granted(kPoolActions.begin(), kPoolActions.end());
    granted.insert(kRouteActions.begin(), kRouteActions.end());
    EXPECT_EQ(explained, granted);
}

}  // namespace
}  // namespace terway::ram
