#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "cloud/make_cloud.hpp"
#include "server.hpp"
#include "world.hpp"

namespace terway::cloud {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing_http::in_turn;
using testing_http::Received;
using testing_http::Reply;
using testing_http::Server;

IpAddress ip(std::string_view text) {
    return IpAddress::parse(text).value();
}
Prefix prefix(std::string_view text) {
    return Prefix::parse(text).value();
}

using Query = std::map<std::string, std::string>;

constexpr auto* kEni = R"({"NetworkInterfaceId":"eni-1","Status":"Available","Type":"Secondary",
"VpcId":"vpc-1","VSwitchId":"vsw-1","ZoneId":"cn-hangzhou-i","MacAddress":"00:16:3e:12:34:56",
"PrivateIpAddress":"10.0.1.20","PrivateIpSets":{"PrivateIpSet":[
{"PrivateIpAddress":"10.0.1.21","Primary":false},{"PrivateIpAddress":"10.0.1.20","Primary":true}]},
"Ipv6Sets":{"Ipv6Set":[{"Ipv6Address":"2408::1"}]},
"Ipv4PrefixSets":{"Ipv4PrefixSet":[{"Ipv4Prefix":"10.0.1.64/28"}]},
"Ipv6PrefixSets":{"Ipv6PrefixSet":[{"Ipv6Prefix":"2408:1::/80"}]},
"SecurityGroupIds":{"SecurityGroupId":["sg-1","sg-2"]},
"Tags":{"Tag":[{"TagKey":"k","TagValue":"v"}]},"ServiceManaged":false,
"NetworkInterfaceName":"eni-cni","Attachment":{"InstanceId":"i-9"},
"CreationTime":"2026-01-01T00:00:00Z"})";

Eni eni() {
    Eni eni;
    eni.id = "eni-1";
    eni.mac = Mac::parse("00:16:3e:12:34:56").value();
    eni.status = EniStatus::Available;
    eni.type = EniType::Secondary;
    eni.name = "eni-cni";
    eni.vswitch = "vsw-1";
    eni.vpc = "vpc-1";
    eni.zone = "cn-hangzhou-i";
    eni.instance = "i-9";
    eni.security_groups = {"sg-1", "sg-2"};
    eni.tags = {{"k", "v"}};
    eni.primary = ip("10.0.1.20");
    eni.ipv4 = {ip("10.0.1.20"), ip("10.0.1.21")};
    eni.ipv6 = {ip("2408::1")};
    eni.ipv4_prefixes = {prefix("10.0.1.64/28")};
    eni.ipv6_prefixes = {prefix("2408:1::/80")};
    eni.created = parse_utc("2026-01-01T00:00:00Z");
    return eni;
}

std::string page_of_enis(const std::string& members, const std::string& next) {
    return R"({"NetworkInterfaceSets":{"NetworkInterfaceSet":[)" + members + R"(]},"NextToken":")" +
           next + "\"}";
}

// The whole client against a cloud that answers as told.
class CallsTest : public testing::Test {
protected:
    CallsTest() {
        std::string pattern = std::filesystem::temp_directory_path() / "terway-calls-XXXXXX";
        directory_ = ::mkdtemp(pattern.data());
        const auto path = directory_ + "/keys.toml";
        std::ofstream(path) << "access_key_id = \"id\"\naccess_key_secret = \"secret\"\n";
        ::chmod(path.c_str(), 0600);
    }
    ~CallsTest() override { std::filesystem::remove_all(directory_); }

    Api& cloud(std::vector<std::string> bodies) {
        std::vector<Reply> replies;
        for (auto& body : bodies) {
            replies.push_back({200, body});
        }
        server_.emplace(in_turn(std::move(replies)));
        Settings settings;
        settings.region = "cn-hangzhou";
        settings.ecs_endpoint = server_->url();
        settings.vpc_endpoint = server_->url();
        settings.credentials = CredentialKind::File;
        settings.credentials_file = directory_ + "/keys.toml";
        api_ = make_cloud(settings, metadata_, log_, world_.effects());
        return *api_;
    }
    // What was asked, as action and parameters.
    [[nodiscard]] std::vector<std::pair<std::string, Query>> asked() const {
        std::vector<std::pair<std::string, Query>> out;
        for (const auto& request : server_->requests()) {
            out.emplace_back(request.headers.at("x-acs-action"), request.query());
        }
        return out;
    }

    World world_;
    std::string directory_;
    MetadataClient metadata_{"http://127.0.0.1:1", world_.effects()};
    CallLog log_;
    std::optional<Server> server_;
    std::unique_ptr<Api> api_;
};

TEST_F(CallsTest, CreatesAnEniWithItsAddresses) {
    NewEni wish;
    wish.vswitch = "vsw-1";
    wish.security_groups = {"sg-1", "sg-2"};
    wish.name = "eni-cni";
    wish.tags = {{"a", "1"}, {"b", "2"}};
    wish.addresses = {.ipv4 = 60, .ipv6 = 11};
    EXPECT_EQ(cloud({kEni}).create_eni(wish, "token", a_while()), eni());
    const Query expected{{"RegionId", "cn-hangzhou"},
                         {"VSwitchId", "vsw-1"},
                         {"SecurityGroupIds.1", "sg-1"},
                         {"SecurityGroupIds.2", "sg-2"},
                         {"NetworkInterfaceName", "eni-cni"},
                         {"Tag.1.Key", "a"},
                         {"Tag.1.Value", "1"},
                         {"Tag.2.Key", "b"},
                         {"Tag.2.Value", "2"},
                         {"SecondaryPrivateIpAddressCount", "49"},
                         {"Ipv6AddressCount", "10"},
                         {"SourceDestCheck", "false"},
                         {"DeleteOnRelease", "true"},
                         {"ClientToken", "token"}};
    EXPECT_THAT(asked(), ElementsAre(std::pair(std::string("CreateNetworkInterface"), expected)));
}

TEST_F(CallsTest, TakesACreationWithoutAnIdForAFailure) {
    auto& api = cloud({R"({"RequestId":"R"})"});
    try {
        static_cast<void>(api.create_eni({}, "token", a_while()));
        FAIL();
    } catch (const ApiError& error) {
        EXPECT_EQ(error.reaction(), Reaction::Unknown);
        EXPECT_THAT(error.what(), HasSubstr("no NetworkInterfaceId"));
    }
}

TEST_F(CallsTest, AttachesDetachesAndDeletes) {
    auto& api = cloud({"{}"});
    api.attach_eni("eni-1", "i-1", a_while());
    api.detach_eni("eni-1", "i-1", a_while());
    api.delete_eni("eni-1", a_while());
    const Query both{
        {"RegionId", "cn-hangzhou"}, {"NetworkInterfaceId", "eni-1"}, {"InstanceId", "i-1"}};
    const Query one{{"RegionId", "cn-hangzhou"}, {"NetworkInterfaceId", "eni-1"}};
    EXPECT_THAT(asked(), ElementsAre(std::pair(std::string("AttachNetworkInterface"), both),
                                     std::pair(std::string("DetachNetworkInterface"), both),
                                     std::pair(std::string("DeleteNetworkInterface"), one)));
}

TEST_F(CallsTest, ReadsPagesUntilTheTokenIsEmpty) {
    auto& api = cloud({page_of_enis(kEni, "p2"), page_of_enis("", "p3"), page_of_enis(kEni, "")});
    const auto enis = api.describe_enis(
        {.instance = "i-1", .status = EniStatus::InUse, .tags = {{"k", "v"}}}, a_while());
    EXPECT_THAT(enis, ElementsAre(eni(), eni()));
    const auto calls = asked();
    ASSERT_THAT(calls, SizeIs(3));
    const Query first{{"RegionId", "cn-hangzhou"}, {"MaxResults", "500"}, {"InstanceId", "i-1"},
                      {"Status", "InUse"},         {"Tag.1.Key", "k"},    {"Tag.1.Value", "v"}};
    EXPECT_EQ(calls[0].second, first);
    EXPECT_EQ(calls[1].second.at("NextToken"), "p2");
    EXPECT_EQ(calls[2].second.at("NextToken"), "p3");
}

TEST_F(CallsTest, DoesNotReadTheSamePageForEver) {
    auto& api = cloud({page_of_enis("", "same")});
    EXPECT_THROW(static_cast<void>(api.describe_enis({}, a_while())), ApiError);
    EXPECT_THAT(asked(), SizeIs(2));
}

TEST_F(CallsTest, AsksForAHundredIdsAtATime) {
    EniFilter filter;
    for (int i = 0; i < 150; ++i) {
        filter.ids.push_back("eni-" + std::to_string(i));
    }
    static_cast<void>(cloud({page_of_enis("", "")}).describe_enis(filter, a_while()));
    const auto calls = asked();
    ASSERT_THAT(calls, SizeIs(2));
    EXPECT_EQ(calls[0].second.at("NetworkInterfaceId.100"), "eni-99");
    EXPECT_EQ(calls[0].second.count("NetworkInterfaceId.101"), 0U);
    EXPECT_EQ(calls[1].second.at("NetworkInterfaceId.50"), "eni-149");
}

TEST_F(CallsTest, AssignsEachKindByItsOwnCall) {
    auto& api = cloud(
        {R"({"AssignedPrivateIpAddressesSet":{"PrivateIpSet":{"PrivateIpAddress":["10.0.1.22"]}}})",
         R"({"AssignedPrivateIpAddressesSet":{"Ipv4PrefixSet":{"Ipv4Prefixes":["10.0.1.80/28"]}}})",
         R"({"Ipv6Sets":{"Ipv6Address":["2408::5"]}})",
         R"({"Ipv6PrefixSets":{"Ipv6Prefix":["2408:2::/80"]}})"});
    EXPECT_EQ(api.assign("eni-1", {.ipv4 = 1}, "t1", a_while()),
              (AddressSet{.ipv4 = {ip("10.0.1.22")}}));
    EXPECT_EQ(api.assign("eni-1", {.ipv4_prefixes = 1}, "t2", a_while()),
              (AddressSet{.ipv4_prefixes = {prefix("10.0.1.80/28")}}));
    EXPECT_EQ(api.assign("eni-1", {.ipv6 = 1}, "t3", a_while()),
              (AddressSet{.ipv6 = {ip("2408::5")}}));
    EXPECT_EQ(api.assign("eni-1", {.ipv6_prefixes = 1}, "t4", a_while()),
              (AddressSet{.ipv6_prefixes = {prefix("2408:2::/80")}}));
    const auto query = [](const std::string& name, const std::string& token) {
        return Query{{"RegionId", "cn-hangzhou"},
                     {"NetworkInterfaceId", "eni-1"},
                     {"ClientToken", token},
                     {name, "1"}};
    };
    EXPECT_THAT(
        asked(),
        ElementsAre(
            std::pair(std::string("AssignPrivateIpAddresses"),
                      query("SecondaryPrivateIpAddressCount", "t1")),
            std::pair(std::string("AssignPrivateIpAddresses"), query("Ipv4PrefixCount", "t2")),
            std::pair(std::string("AssignIpv6Addresses"), query("Ipv6AddressCount", "t3")),
            std::pair(std::string("AssignIpv6Addresses"), query("Ipv6PrefixCount", "t4"))));
}

TEST_F(CallsTest, AssignsManyInPartsThatEachHaveTheirOwnToken) {
    auto& api = cloud(
        {R"({"AssignedPrivateIpAddressesSet":{"PrivateIpSet":{"PrivateIpAddress":["10.0.1.1"]}}})",
         R"({"AssignedPrivateIpAddressesSet":{"PrivateIpSet":{"PrivateIpAddress":["10.0.1.2"]}}})"});
    const auto set = api.assign("eni-1", {.ipv4 = 60}, std::string(64, 't'), a_while());
    EXPECT_THAT(set.ipv4, ElementsAre(ip("10.0.1.1"), ip("10.0.1.2")));
    const auto calls = asked();
    ASSERT_THAT(calls, SizeIs(2));
    EXPECT_EQ(calls[0].second.at("SecondaryPrivateIpAddressCount"), "49");
    EXPECT_EQ(calls[1].second.at("SecondaryPrivateIpAddressCount"), "11");
    EXPECT_EQ(calls[0].second.at("ClientToken"), std::string(64, 't'));
    EXPECT_NE(calls[1].second.at("ClientToken"), std::string(64, 't'));
    EXPECT_THAT(calls[1].second.at("ClientToken"), SizeIs(64));
}

TEST_F(CallsTest, RefusesAnAssignmentOfTwoKindsOrNone) {
    auto& api = cloud({"{}"});
    EXPECT_THROW(static_cast<void>(api.assign("eni-1", {.ipv4 = 1, .ipv6 = 1}, "t", a_while())),
                 Error);
    EXPECT_THROW(static_cast<void>(api.assign("eni-1", {}, "t", a_while())), Error);
    EXPECT_TRUE(asked().empty());
}

TEST_F(CallsTest, UnassignsEachKindByItsOwnCall) {
    auto& api = cloud({"{}"});
    api.unassign("eni-1",
                 {.ipv4 = {ip("10.0.1.1"), ip("10.0.1.2")},
                  .ipv6 = {ip("2408::1")},
                  .ipv4_prefixes = {prefix("10.0.1.64/28")},
                  .ipv6_prefixes = {prefix("2408:1::/80")}},
                 a_while());
    const auto query = [](Query more) {
        more["RegionId"] = "cn-hangzhou";
        more["NetworkInterfaceId"] = "eni-1";
        return more;
    };
    EXPECT_THAT(asked(), ElementsAre(std::pair(std::string("UnassignPrivateIpAddresses"),
                                               query({{"PrivateIpAddress.1", "10.0.1.1"},
                                                      {"PrivateIpAddress.2", "10.0.1.2"}})),
                                     std::pair(std::string("UnassignPrivateIpAddresses"),
                                               query({{"Ipv4Prefix.1", "10.0.1.64/28"}})),
                                     std::pair(std::string("UnassignIpv6Addresses"),
                                               query({{"Ipv6Address.1", "2408::1"}})),
                                     std::pair(std::string("UnassignIpv6Addresses"),
                                               query({{"Ipv6Prefix.1", "2408:1::/80"}}))));
}

TEST_F(CallsTest, TellsAnInstanceTypesLimits) {
    auto& api = cloud({R"({"InstanceTypes":{"InstanceType":[{"InstanceTypeId":"ecs.g7.xlarge",
"EniQuantity":4,"EniPrivateIpAddressQuantity":15,"EniIpv6AddressQuantity":15,
"EniTotalQuantity":20,"EniTrunkSupported":true}]}})"});
    EXPECT_EQ(api.describe_instance_type("ecs.g7.xlarge", a_while()),
              (InstanceLimits{"ecs.g7.xlarge", 4, 15, 15, 20, true}));
    EXPECT_EQ(asked().front().second, (Query{{"InstanceTypes.1", "ecs.g7.xlarge"}}));
    EXPECT_THROW(static_cast<void>(api.describe_instance_type("ecs.none", a_while())), ApiError);
}

TEST_F(CallsTest, TellsVSwitches) {
    const std::string page = R"({"TotalCount":1,"VSwitches":{"VSwitch":[{"VSwitchId":"vsw-1",
"VpcId":"vpc-1","ZoneId":"z","CidrBlock":"10.0.1.0/24","Ipv6CidrBlock":"2408::/64",
"AvailableIpAddressCount":200,"RouteTable":{"RouteTableId":"vtb-1"}}]}})";
    auto& api = cloud({page, R"({"TotalCount":0,"VSwitches":{"VSwitch":[]}})"});
    EXPECT_THAT(api.describe_vswitches({"vsw-1", "vsw-2"}, a_while()),
                ElementsAre(VSwitch{"vsw-1", "vpc-1", "z", prefix("10.0.1.0/24"),
                                    prefix("2408::/64"), 200, "vtb-1"}));
    const auto calls = asked();
    ASSERT_THAT(calls, SizeIs(2));
    EXPECT_EQ(calls[0].second.at("VSwitchId"), "vsw-1");
    EXPECT_EQ(server_->requests()[0].headers.at("x-acs-version"), "2016-04-28");
}

TEST_F(CallsTest, TagsFiftyEnisAtATime) {
    std::vector<std::string> ids(51, "eni");
    cloud({"{}"}).tag_enis(ids, {{"k", "v"}}, a_while());
    const auto calls = asked();
    ASSERT_THAT(calls, SizeIs(2));
    EXPECT_EQ(calls[0].first, "TagResources");
    EXPECT_EQ(calls[0].second.at("ResourceType"), "eni");
    EXPECT_EQ(calls[0].second.at("ResourceId.50"), "eni");
    EXPECT_EQ(calls[1].second, (Query{{"RegionId", "cn-hangzhou"},
                                      {"ResourceType", "eni"},
                                      {"ResourceId.1", "eni"},
                                      {"Tag.1.Key", "k"},
                                      {"Tag.1.Value", "v"}}));
}

TEST_F(CallsTest, TellsTheSystemRouteTableFirst) {
    auto& api = cloud({R"({"TotalCount":2,"RouterTableList":{"RouterTableListType":[
{"RouteTableId":"vtb-2","RouteTableType":"Custom"}]}})",
                       R"({"TotalCount":2,"RouterTableList":{"RouterTableListType":[
{"RouteTableId":"vtb-1","RouteTableType":"System"}]}})"});
    EXPECT_THAT(api.describe_route_tables("vpc-1", a_while()), ElementsAre("vtb-1", "vtb-2"));
    EXPECT_EQ(asked().at(1).second.at("PageNumber"), "2");
}

TEST_F(CallsTest, TellsRouteEntriesButNotThoseOfPrefixLists) {
    auto& api = cloud({R"({"NextToken":"n","RouteEntrys":{"RouteEntry":[{"RouteEntryId":"rte-1",
"RouteTableId":"vtb-1","DestinationCidrBlock":"10.1.0.0/24","Status":"Available","Type":"Custom",
"Description":"d","NextHops":{"NextHop":[{"NextHopId":"i-1","NextHopType":"Instance"}]}},
{"DestinationCidrBlock":"pl-123"}]}})",
                       R"({"NextToken":"","RouteEntrys":{"RouteEntry":[
{"DestinationCidrBlock":"10.2.0.1"}]}})"});
    const auto entries = api.describe_route_entries("vtb-1", prefix("10.1.0.0/24"), a_while());
    ASSERT_THAT(entries, SizeIs(2));
    EXPECT_EQ(entries[0], (RouteEntry{"vtb-1", "rte-1", prefix("10.1.0.0/24"), "Available",
                                      "Custom", "Instance", "i-1", "d"}));
    EXPECT_EQ(entries[1].destination, prefix("10.2.0.1/32"));
    EXPECT_EQ(entries[1].table, "vtb-1");
    EXPECT_EQ(asked().front().second, (Query{{"RegionId", "cn-hangzhou"},
                                             {"RouteTableId", "vtb-1"},
                                             {"RouteEntryType", "Custom"},
                                             {"MaxResult", "100"},
                                             {"DestinationCidrBlock", "10.1.0.0/24"}}));
}

TEST_F(CallsTest, MakesAndRemovesRouteEntries) {
    auto& api = cloud({"{}"});
    api.create_route_entry("vtb-1", prefix("10.1.0.0/24"), "i-1", "ours", "token", a_while());
    RouteEntry entry{"vtb-1", "rte-1", prefix("10.1.0.0/24"), "", "", "Instance", "i-1", ""};
    api.delete_route_entry(entry, a_while());
    entry.id.clear();
    api.delete_route_entry(entry, a_while());
    const Query create{{"RegionId", "cn-hangzhou"},
                       {"RouteTableId", "vtb-1"},
                       {"DestinationCidrBlock", "10.1.0.0/24"},
                       {"NextHopType", "Instance"},
                       {"NextHopId", "i-1"},
                       {"Description", "ours"},
                       {"ClientToken", "token"}};
    const Query by_id{{"RegionId", "cn-hangzhou"}, {"RouteEntryId", "rte-1"}};
    const Query by_name{{"RegionId", "cn-hangzhou"},
                        {"RouteTableId", "vtb-1"},
                        {"DestinationCidrBlock", "10.1.0.0/24"},
                        {"NextHopId", "i-1"}};
    EXPECT_THAT(asked(), ElementsAre(std::pair(std::string("CreateRouteEntry"), create),
                                     std::pair(std::string("DeleteRouteEntry"), by_id),
                                     std::pair(std::string("DeleteRouteEntry"), by_name)));
}

TEST_F(CallsTest, TakesAnAnswerItCannotReadForAnUnknownOutcome) {
    auto& api = cloud({R"({"NetworkInterfaceSets":{"NetworkInterfaceSet":[
{"NetworkInterfaceId":"eni-1","PrivateIpAddress":"ten"}]}})",
                       R"({"broken})"});
    for (int i = 0; i < 2; ++i) {
        try {
            static_cast<void>(api.describe_enis({}, a_while()));
            FAIL();
        } catch (const ApiError& error) {
            EXPECT_EQ(error.reaction(), Reaction::Unknown);
        }
    }
}

TEST_F(CallsTest, RefusesSettingsThatContradictThemselves) {
    Settings settings;
    EXPECT_THROW(static_cast<void>(make_cloud(settings, metadata_, log_)), Error);
    settings.region = "cn-hangzhou";
    EXPECT_NE(make_cloud(settings, metadata_, log_), nullptr);
    settings.credentials = CredentialKind::Oidc;
    try {
        static_cast<void>(make_cloud(settings, metadata_, log_));
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("ALIBABA_CLOUD_ROLE_ARN"));
    }
}

}  // namespace
}  // namespace terway::cloud
