#include <set>

#include "cloud_fixture.hpp"
#include "sim/cloud/actions.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

using ::testing::HasSubstr;

class Policy : public CloudTest {};

TEST_F(Policy, UnknownAndMissingParametersAreRefused) {
    EXPECT_EQ(code_of("NoSuchAction", {}), "InvalidAction.NotFound");
    EXPECT_EQ(code_of("AttachNetworkInterface", {{"InstanceId", "i-a"}}), "MissingParameter");
    EXPECT_EQ(code_of("DescribeNetworkInterfaces", {{"Colour", "red"}}), "UnsupportedParameter");
    EXPECT_EQ(code_of("TagResources", {{"ResourceType", "eni"}}), "MissingParameter");
    EXPECT_EQ(call("DescribeInstances").text("/Instances/Instance/0/InstanceId"), "i-a");
}

TEST_F(Policy, ErrorsLookLikeTheClouds) {
    const auto told =
        call("AttachNetworkInterface", {{"NetworkInterfaceId", "eni-no"}, {"InstanceId", "i-a"}});
    EXPECT_EQ(told.text("/Code"), "InvalidEniId.NotFound");
    EXPECT_EQ(told.text("/HostId"), "ecs.cn-hangzhou.aliyuncs.com");
    EXPECT_THAT(told.text("/RequestId"), ::testing::MatchesRegex("[0-9A-F-]{36}"));
}

TEST_F(Policy, ATokenGivesTheFirstResultAgain) {
    const Parameters with{{"ClientToken", "t1"}};
    const auto first = create(with);
    EXPECT_EQ(create(with).text("/NetworkInterfaceId"), first.text("/NetworkInterfaceId"));
    EXPECT_EQ(create({{"ClientToken", "t1"}, {"Description", "other"}}).code,
              "IdempotentParameterMismatch");
    EXPECT_EQ(cloud_.model().enis().size(), 3U);
    now_ += 24h;
    EXPECT_NE(create(with).text("/NetworkInterfaceId"), first.text("/NetworkInterfaceId"));
    EXPECT_EQ(create({{"ClientToken", std::string(65, 'x')}}).code, "InvalidParameter");
}

TEST_F(Policy, ARefusedCallDoesNotSpendItsToken) {
    cloud_.enis().drain("vsw", 0);
    EXPECT_EQ(create({{"ClientToken", "t"}}).status, 403U);
    cloud_.enis().refill("vsw");
    EXPECT_EQ(create({{"ClientToken", "t"}}).status, 200U);
}

TEST_F(Policy, ABucketThrottlesByActionAndRefills) {
    cloud_.settings().set("throttle.CreateNetworkInterface", "60/2");
    EXPECT_EQ(create().status, 200U);
    EXPECT_EQ(create().status, 200U);
    const auto told = create();
    EXPECT_EQ(told.status, 400U);
    EXPECT_EQ(told.code, "Throttling.User");
    EXPECT_EQ(told.answer.headers, (Headers{{"x-acs-retry-after", "1000"}}));
    EXPECT_EQ(call("DescribeInstances").status, 200U);
    now_ += 1s;
    EXPECT_EQ(create().status, 200U);
    cloud_.settings().retry_after = false;
    EXPECT_TRUE(create().answer.headers.empty());
}

TEST_F(Policy, RamDeniesByPattern) {
    cloud_.settings().set("deny.Attach*", "true");
    const auto told = attach(created());
    EXPECT_EQ(told.status, 403U);
    EXPECT_EQ(told.code, "Forbidden.RAM");
    EXPECT_EQ(told.text("/AccessDeniedDetail/AuthAction"), "ecs:AttachNetworkInterface");
    cloud_.settings().set("deny.Attach*", "false");
    EXPECT_EQ(attach(created()).status, 200U);
}

TEST_F(Policy, DescribeIsBehindByTheStaleness) {
    cloud_.settings().set("stale", "500ms");
    const auto eni = created();
    EXPECT_EQ(status(eni), "");
    now_ += 499ms;
    EXPECT_EQ(status(eni), "");
    now_ += 1ms;
    EXPECT_EQ(status(eni), "Available");
}

TEST_F(Policy, PagesEndWithAnEmptyTokenAndMayBeTiny) {
    cloud_.settings().set("page_limit", "3");
    for (int number = 0; number < 5; ++number) {
        created();
    }
    std::set<std::string> seen;
    std::string token;
    int pages = 0;
    do {
        Parameters with{{"MaxResults", "500"}};
        if (!token.empty()) {
            with.emplace("NextToken", token);
        }
        const auto told = call("DescribeNetworkInterfaces", with);
        const auto size = told.size("/NetworkInterfaceSets/NetworkInterfaceSet");
        EXPECT_LE(size, 3U);
        for (std::size_t at = 0; at < size; ++at) {
            seen.insert(told.text("/NetworkInterfaceSets/NetworkInterfaceSet/" +
                                  std::to_string(at) + "/NetworkInterfaceId"));
        }
        token = told.text("/NextToken");
        ++pages;
    } while (!token.empty());
    EXPECT_EQ(seen.size(), 7U);
    EXPECT_EQ(pages, 3);
    EXPECT_EQ(code_of("DescribeNetworkInterfaces", {{"NextToken", "junk"}}), "InvalidParameter");
}

FaultRule rule(const std::string& action, FaultRule::Kind kind = FaultRule::Kind::Error) {
    FaultRule made;
    made.action = action;
    made.kind = kind;
    return made;
}

TEST_F(Policy, AFaultStrikesAfterSoManyCallsAndSoOften) {
    FaultRule made = rule("Create*");
    made.code = "ServiceUnavailable";
    made.status = 503;
    made.after = 1;
    made.times = 1;
    cloud_.faults().add(made, now_);
    EXPECT_EQ(create().status, 200U);
    EXPECT_EQ(create().code, "ServiceUnavailable");
    EXPECT_EQ(create().status, 200U);
    EXPECT_EQ(cloud_.faults().list().front().struck, 1U);
}

TEST_F(Policy, AFaultCanBeAboutOneEniAndForAWhile) {
    const auto eni = created();
    FaultRule made = rule("*");
    made.where = {{"NetworkInterfaceId", eni}};
    made.lasting = 10s;
    cloud_.faults().add(made, now_);
    EXPECT_EQ(attach(created()).status, 200U);
    EXPECT_EQ(attach(eni).status, 500U);
    now_ += 10s;
    EXPECT_EQ(attach(eni).status, 200U);
}

TEST_F(Policy, ALostAnswerIsCarriedOutAllTheSame) {
    FaultRule made = rule("CreateNetworkInterface", FaultRule::Kind::Lost);
    made.times = 1;
    cloud_.faults().add(made, now_);
    const auto lost = create({{"ClientToken", "t"}});
    EXPECT_EQ(lost.answer.delivery, Delivery::Cut);
    EXPECT_EQ(cloud_.model().enis().size(), 3U);
    EXPECT_EQ(create({{"ClientToken", "t"}}).text("/NetworkInterfaceId"),
              lost.text("/NetworkInterfaceId"));
    EXPECT_EQ(cloud_.model().enis().size(), 3U);
    EXPECT_EQ(cloud_.calls().counts().at("CreateNetworkInterface").failed.at("lost"), 1U);
}

TEST_F(Policy, HangCutHtmlAndSlowDoWhatTheySay) {
    const auto strike = [&](FaultRule::Kind kind) {
        cloud_.faults().clear();
        FaultRule made = rule("CreateNetworkInterface", kind);
        made.delay = 7s;
        cloud_.faults().add(made, now_);
        const ApiCall call{"ecs",
                           "CreateNetworkInterface",
                           {{"RegionId", "r"}, {"VSwitchId", "vsw"}, {"SecurityGroupId", "sg-1"}},
                           "testid",
                           now_};
        return cloud_.handle(call);
    };
    const auto before = cloud_.model().enis().size();
    EXPECT_EQ(strike(FaultRule::Kind::Hang).delivery, Delivery::Hang);
    EXPECT_EQ(strike(FaultRule::Kind::Cut).delivery, Delivery::Cut);
    const auto html = strike(FaultRule::Kind::Html);
    EXPECT_EQ(html.status, 502U);
    EXPECT_THAT(html.body, HasSubstr("<html>"));
    EXPECT_EQ(cloud_.model().enis().size(), before);
    EXPECT_EQ(strike(FaultRule::Kind::Slow).delay, 7s);
    EXPECT_EQ(cloud_.model().enis().size(), before + 1);
    EXPECT_THROW((void)FaultRule::kind_named("wild"), Error);
}

TEST_F(Policy, ARateStrikesAboutSoOften) {
    FaultRule made = rule("DescribeInstances");
    made.rate = 0.25;
    cloud_.faults().add(made, now_);
    for (int number = 0; number < 1000; ++number) {
        call("DescribeInstances");
    }
    const auto& count = cloud_.calls().counts().at("DescribeInstances");
    EXPECT_NEAR(static_cast<double>(count.ok), 750, 60);
    made.rate = 2;
    EXPECT_THROW(cloud_.faults().add(made), Error);
}

TEST_F(Policy, TheLogCountsByActionAndOutcome) {
    const auto eni = created({{"ClientToken", "t"}});
    attach("eni-no");
    call("DescribeInstances");
    EXPECT_EQ(cloud_.calls().mutating(), 2U);
    EXPECT_EQ(cloud_.calls().total(), 3U);
    EXPECT_EQ(
        cloud_.calls().counts().at("AttachNetworkInterface").failed.at("InvalidEniId.NotFound"),
        1U);
    const auto& first = cloud_.calls().entries().front();
    EXPECT_EQ(first.token, "t");
    EXPECT_EQ(first.outcome, "OK");
    EXPECT_EQ(first.at, now_);
    cloud_.calls().reset();
    EXPECT_EQ(cloud_.calls().total(), 0U);
}

TEST_F(Policy, InstanceTypesTellTheirQuotas) {
    const auto told = call("DescribeInstanceTypes", {{"InstanceTypes.1", "ecs.g7.4xlarge"}});
    EXPECT_EQ(told.body.at_pointer("/InstanceTypes/InstanceType/0/EniQuantity").to_number<int>(),
              8);
    EXPECT_EQ(told.body.at_pointer("/InstanceTypes/InstanceType/0/EniPrivateIpAddressQuantity")
                  .to_number<int>(),
              30);
    EXPECT_EQ(call("DescribeInstanceTypes", {{"InstanceTypes.1", "ecs.no"}})
                  .size("/InstanceTypes/InstanceType"),
              0U);
}

TEST_F(Policy, InstancesAreChosenByAJsonList) {
    EXPECT_EQ(
        call("DescribeInstances", {{"InstanceIds", R"(["i-b"])"}}).size("/Instances/Instance"), 1U);
    EXPECT_EQ(call("DescribeInstances", {{"InstanceIds", "[]"}}).size("/Instances/Instance"), 0U);
    EXPECT_EQ(code_of("DescribeInstances", {{"InstanceIds", "i-b"}}), "InvalidParameter");
}

TEST_F(Policy, RoutesArePendingOneAtATime) {
    cloud_.settings().set("route", "1s");
    const auto table = call("DescribeRouteTableList", {{"VpcId", "vpc-sim"}}, "vpc")
                           .text("/RouterTableList/RouterTableListType/0/RouteTableId");
    const auto make = [&](const std::string& destination, const std::string& hop = "i-a") {
        return call(
            "CreateRouteEntry",
            {{"RouteTableId", table}, {"DestinationCidrBlock", destination}, {"NextHopId", hop}},
            "vpc");
    };
    const auto id = make("172.20.1.0/24").text("/RouteEntryId");
    EXPECT_EQ(make("172.20.2.0/24").code, "TaskConflict");
    EXPECT_TRUE(cloud_.model().routes().empty());
    now_ += 1s;
    const auto entries = call("DescribeRouteEntryList",
                              {{"RouteTableId", table}, {"RouteEntryType", "Custom"}}, "vpc");
    EXPECT_EQ(entries.text("/RouteEntrys/RouteEntry/0/Status"), "Available");
    EXPECT_EQ(entries.text("/RouteEntrys/RouteEntry/0/NextHops/NextHop/0/NextHopId"), "i-a");
    EXPECT_EQ(cloud_.model().routes().size(), 1U);
    EXPECT_EQ(make("172.20.1.0/24").code, "RouterEntryConflict.Duplicated");
    EXPECT_EQ(make("10.0.0.128/25").code, "InvalidCidrBlock");
    EXPECT_EQ(make("100.64.1.0/24").code, "InvalidCidrBlock");
    EXPECT_EQ(make("pods").code, "InvalidCidrBlock.Malformed");
    EXPECT_EQ(make("172.20.3.0/24", "i-no").code, "InvalidNextHopId.NotFound");
    EXPECT_EQ(call("DeleteRouteEntry", {{"RouteEntryId", id}}, "vpc").status, 200U);
    now_ += 1s;
    EXPECT_EQ(call("DeleteRouteEntry", {{"RouteEntryId", id}}, "vpc").code,
              "InvalidRouteEntry.NotFound");
    EXPECT_TRUE(cloud_.model().routes().empty());
    EXPECT_EQ(code_of("DescribeRouteEntryList", {{"RouteTableId", "vtb-no"}}, "vpc"),
              "InvalidRouteTableId.NotFound");
}

TEST_F(Policy, VpcsAndVSwitchesAreDescribed) {
    EXPECT_EQ(call("DescribeVpcs", {{"VpcId", "vpc-sim"}}, "vpc").text("/Vpcs/Vpc/0/CidrBlock"),
              "10.0.0.0/8");
    const auto told = call("DescribeVSwitches", {{"VSwitchId", "vsw"}}, "vpc");
    EXPECT_EQ(told.text("/VSwitches/VSwitch/0/Ipv6CidrBlock"), "fd00:10::/64");
    EXPECT_EQ(
        call("DescribeVSwitches", {{"VSwitchId", "vsw-no"}}, "vpc").size("/VSwitches/VSwitch"), 0U);
}

TEST_F(Policy, ARoleGivesASession) {
    const Parameters with{{"RoleArn", "acs:ram::1:role/pods"},
                          {"OIDCProviderArn", "p"},
                          {"OIDCToken", "t"},
                          {"RoleSessionName", "s"},
                          {"DurationSeconds", "900"}};
    EXPECT_EQ(call("AssumeRoleWithOIDC", with, "sts").code, "EntityNotExist.Role");
    cloud_.keys().add_role("pods", "");
    const auto told = call("AssumeRoleWithOIDC", with, "sts");
    EXPECT_EQ(told.text("/Credentials/Expiration"), iso_time(now_ + 900s));
    const auto* key = cloud_.keys().find(told.text("/Credentials/AccessKeyId"));
    ASSERT_NE(key, nullptr);
    EXPECT_EQ(key->security_token, told.text("/Credentials/SecurityToken"));
}

TEST(SimSettings, AreSetByNameAndListed) {
    Settings settings;
    settings.set("attach", "2s..4s");
    EXPECT_EQ(settings.attach, (Range{2s, 4s}));
    settings.set("profile", "realistic");
    EXPECT_EQ(settings.remove, (Range{1s, 2s}));
    for (const auto& [key, value] : settings.list()) {
        EXPECT_NO_THROW(Settings{}.set(key, value)) << key << "=" << value;
    }
    EXPECT_THROW(settings.set("attach", "soon"), Error);
    EXPECT_THROW(settings.set("attach", "4s..2s"), Error);
    EXPECT_THROW(settings.set("colour", "red"), Error);
    EXPECT_THROW(settings.set("eni_quota", "-1"), Error);
}

TEST(SimSettings, DelaysAreWithinTheirRangeAndRepeatWithTheSeed) {
    Dice one(3);
    Dice other(3);
    for (int number = 0; number < 1000; ++number) {
        const auto drawn = one.within({2s, 4s});
        EXPECT_GE(drawn, 2s);
        EXPECT_LE(drawn, 4s);
        EXPECT_EQ(drawn, other.within({2s, 4s}));
    }
}

}  // namespace
}  // namespace terway::sim
