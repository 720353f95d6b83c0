#include "cni/result.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "cni/failure.hpp"

namespace terway::cni {
namespace {

Result full_result() {
    Result result;
    result.interfaces = {{.name = "cali1", .mac = "ee:ee:ee:ee:ee:ee", .mtu = 1500},
                         {.name = "eth0",
                          .mac = "02:00:00:00:00:01",
                          .mtu = 1500,
                          .sandbox = "/run/netns/pod",
                          .socket_path = "/run/vhost",
                          .pci_id = "0000:00:06.0"}};
    result.ips = {{*Prefix::parse("10.0.0.2/24"), IpAddress::parse("10.0.0.1"), 1},
                  {*Prefix::parse("fd00::2/64"), std::nullopt, 1}};
    result.routes = {{.dst = *Prefix::parse("0.0.0.0/0"),
                      .gw = IpAddress::parse("10.0.0.1"),
                      .mtu = 1400,
                      .advmss = 1360,
                      .priority = 10,
                      .table = 254,
                      .scope = 0},
                     {.dst = *Prefix::parse("fd00::/8")}};
    result.dns = {{"10.0.0.10"}, "cluster.local", {"svc"}, {"ndots:5"}};
    return result;
}

constexpr const char* kDns = R"("dns":{"nameservers":["10.0.0.10"],"domain":"cluster.local",
    "search":["svc"],"options":["ndots:5"]})";
constexpr const char* kPlainInterfaces =
    R"("interfaces":[{"name":"cali1","mac":"ee:ee:ee:ee:ee:ee"},
    {"name":"eth0","mac":"02:00:00:00:00:01","sandbox":"/run/netns/pod"}])";
constexpr const char* kPlainRoutes = R"("routes":[{"dst":"0.0.0.0/0","gw":"10.0.0.1"},
    {"dst":"fd00::/8"}])";
constexpr const char* kIps = R"("ips":[{"interface":1,"address":"10.0.0.2/24","gateway":"10.0.0.1"},
    {"interface":1,"address":"fd00::2/64"}])";
constexpr const char* kIpsWithVersion = R"("ips":[
    {"version":"4","interface":1,"address":"10.0.0.2/24","gateway":"10.0.0.1"},
    {"version":"6","interface":1,"address":"fd00::2/64"}])";

std::string document(const std::string& version, const std::vector<std::string>& members) {
    auto text = R"({"cniVersion":")" + version + '"';
    for (const auto& member : members) {
        text += ',' + member;
    }
    return text + '}';
}

struct Form {
    const char* version;
    std::string expected;
};

class ResultForm : public testing::TestWithParam<Form> {};

TEST_P(ResultForm, IsTheOneOfItsVersion) {
    const auto version = Version::parse(GetParam().version);
    const auto text = full_result().to_json(*version);
    EXPECT_EQ(boost::json::parse(text), boost::json::parse(GetParam().expected)) << text;
    EXPECT_EQ(text.back(), '\n');
}

TEST_P(ResultForm, IsReadBackToWhatTheVersionCanSay) {
    const auto version = Version::parse(GetParam().version);
    const auto once = Result::parse(full_result().to_json(*version));
    EXPECT_EQ(once.ips, full_result().ips);
    EXPECT_EQ(once.dns, full_result().dns);
    EXPECT_EQ(once.interfaces.at(1).sandbox, "/run/netns/pod");
    EXPECT_EQ(Result::parse(once.to_json(*version)), once);
}

INSTANTIATE_TEST_SUITE_P(
    Every, ResultForm,
    testing::Values(
        Form{"0.3.0", document("0.3.0", {kPlainInterfaces, kIpsWithVersion, kPlainRoutes, kDns})},
        Form{"0.3.1", document("0.3.1", {kPlainInterfaces, kIpsWithVersion, kPlainRoutes, kDns})},
        Form{"0.4.0", document("0.4.0", {kPlainInterfaces, kIpsWithVersion, kPlainRoutes, kDns})},
        Form{"1.0.0", document("1.0.0", {kPlainInterfaces, kIps, kPlainRoutes, kDns})},
        Form{"1.1.0",
             document("1.1.0",
                      {R"("interfaces":[{"name":"cali1","mac":"ee:ee:ee:ee:ee:ee","mtu":1500},
        {"name":"eth0","mac":"02:00:00:00:00:01","sandbox":"/run/netns/pod","mtu":1500,
        "socketPath":"/run/vhost","pciID":"0000:00:06.0"}])",
                       kIps,
                       R"("routes":[{"dst":"0.0.0.0/0","gw":"10.0.0.1","mtu":1400,"advmss":1360,
        "priority":10,"table":254,"scope":0},{"dst":"fd00::/8"}])",
                       kDns})}),
    [](const auto& each) {
        std::string name = each.param.version;
        std::replace(name.begin(), name.end(), '.', '_');
        return name;
    });

TEST(Result, LosesNothingInTheNewestVersion) {
    EXPECT_EQ(Result::parse(full_result().to_json(kNewestVersion)), full_result());
}

TEST(Result, HasNoFormInAVersionWeDoNotSpeak) {
    EXPECT_THROW(static_cast<void>(full_result().to_json({0, 2, 0})), CniError);
}

TEST(Result, LeavesOutWhatIsEmpty) {
    EXPECT_EQ(Result().to_json({1, 0, 0}), "{\"cniVersion\":\"1.0.0\"}\n");
}

TEST(Result, DropsAnInterfaceIndexThatPointsNowhere) {
    const auto result = Result::parse(R"({"cniVersion":"1.0.0","interfaces":[{"name":"a"}],"ips":[
        {"address":"10.0.0.2/24","interface":0},{"address":"10.0.0.3/24","interface":1},
        {"address":"10.0.0.4/24","interface":-1}]})");
    EXPECT_EQ(result.ips.at(0).interface, 0U);
    EXPECT_FALSE(result.ips.at(1).interface);
    EXPECT_FALSE(result.ips.at(2).interface);
}

TEST(Result, KeepsALinkLayerAddressOfAnyLength) {
    const auto* const text =
        R"({"cniVersion":"1.0.0","interfaces":[{"name":"ib0","mac":"80:00:02:08:fe:80:00:00"}]})";
    EXPECT_EQ(Result::parse(text).interfaces.at(0).mac, "80:00:02:08:fe:80:00:00");
}

TEST(Result, RefusesWhatItCannotRead) {
    for (const auto* text :
         {"", "[]", R"({"cniVersion":"0.2.0"})", R"({"cniVersion":"x"})", R"({"ips":{}})",
          R"({"ips":[{}]})", R"({"ips":[{"address":"10.0.0.2"}]})",
          R"({"ips":[{"address":"10.0.0.2/24","gateway":"x"}]})",
          R"({"ips":[{"address":"10.0.0.2/24","interface":"0"}]})",
          R"({"routes":[{"gw":"10.0.0.1"}]})", R"({"routes":[{"dst":"0.0.0.0/0","mtu":-1}]})",
          R"({"interfaces":[{"name":1}]})"}) {
        try {
            static_cast<void>(Result::parse(text));
            ADD_FAILURE() << "accepted " << text;
        } catch (const CniError& error) {
            EXPECT_EQ(error.code(), Code::Decoding) << text;
        }
    }
}

TEST(Merge, WithoutAnythingOfOurOwnEchoesWhatCameBefore) {
    EXPECT_EQ(merge(full_result(), {}), full_result());
}

TEST(Merge, AppendsOurOwnAndMovesItsInterfaceIndexes) {
    Result own;
    own.interfaces = {{.name = "net1", .sandbox = "/run/netns/pod"}};
    own.ips = {{*Prefix::parse("192.168.0.2/24"), std::nullopt, 0},
               {*Prefix::parse("192.168.0.3/24"), std::nullopt, std::nullopt}};
    own.routes = {{.dst = *Prefix::parse("192.168.0.0/16")}};
    own.dns.nameservers = {"1.1.1.1"};
    const auto merged = merge(full_result(), own);
    ASSERT_EQ(merged.interfaces.size(), 3U);
    EXPECT_EQ(merged.interfaces[2].name, "net1");
    ASSERT_EQ(merged.ips.size(), 4U);
    EXPECT_EQ(merged.ips[0].interface, 1U);
    EXPECT_EQ(merged.ips[2].interface, 2U);
    EXPECT_FALSE(merged.ips[3].interface);
    EXPECT_EQ(merged.routes.size(), 3U);
    EXPECT_EQ(merged.dns, full_result().dns);
}

TEST(Merge, FillsInDnsWhereThereWasNone) {
    Result own;
    own.dns.nameservers = {"1.1.1.1"};
    EXPECT_EQ(merge({}, own).dns, own.dns);
}

}  // namespace
}  // namespace terway::cni
