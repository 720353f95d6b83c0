#include <gmock/gmock.h>

#include <map>
#include <mutex>

#include "cloud/metadata_client.hpp"
#include "cloud/metadata_text.hpp"
#include "server.hpp"
#include "terway/error.hpp"
#include "world.hpp"

namespace terway::cloud {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing_http::Act;
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
Mac mac(std::string_view text) {
    return Mac::parse(text).value();
}

const auto kMac = mac("00:16:3e:00:00:01");

std::map<std::string, std::string> leaves() {
    const std::string nic = "network/interfaces/macs/00:16:3e:00:00:01/";
    return {{"instance-id", "i-1\n"},
            {"instance/instance-type", "ecs.g7.4xlarge"},
            {"region-id", "cn-hangzhou"},
            {"zone-id", "cn-hangzhou-i"},
            {"vpc-id", "vpc-1"},
            {"vswitch-id", "vsw-1"},
            {"mac", "00:16:3e:00:00:01"},
            {"private-ipv4", "10.0.1.5"},
            {"network/interfaces/macs/", "00:16:3e:00:00:01/\n00:16:3e:00:00:02/\n"},
            {nic + "network-interface-id", "eni-1"},
            {nic + "vswitch-id", "vsw-1"},
            {nic + "primary-ip-address", "10.0.1.5"},
            {nic + "private-ipv4s", R"(["10.0.1.5","10.0.1.6"])"},
            {nic + "ipv6s", "[2408::1,2408::2]"},
            {nic + "ipv4-prefixes", "10.0.1.64/28\n10.0.1.80/28"},
            {nic + "vswitch-cidr-block", "10.0.1.0/24"},
            {nic + "gateway", "10.0.1.253"}};
}

// A metadata service in hardened mode, or another.
class Service {
public:
    Reply operator()(const Received& received) {
        if (received.method == "PUT") {
            ++tokens;
            return {put_status, put_status == 200 ? "token-" + std::to_string(tokens) : "no"};
        }
        const auto given = received.headers.find("x-aliyun-ecs-metadata-token");
        if (hardened && given == received.headers.end()) {
            return {403, "Forbidden"};
        }
        if (given != received.headers.end() &&
            given->second != "token-" + std::to_string(tokens) + suffix) {
            return {401, "Unauthorized"};
        }
        const std::string root = "/latest/meta-data/";
        const auto leaf = values.find(received.target.substr(root.size()));
        return leaf == values.end() ? Reply{404, "Not Found"} : Reply{200, leaf->second};
    }

    std::map<std::string, std::string> values = leaves();
    int tokens = 0;
    int put_status = 200;
    bool hardened = true;
    std::string suffix;
};

class MetadataTest : public testing::Test {
protected:
    MetadataTest() : server_([this](const Received& received) { return service_(received); }) {}

    World world_;
    Service service_;
    Server server_;
    MetadataClient client_{server_.url(), world_.effects()};
};

TEST_F(MetadataTest, TellsTheInstance) {
    const InstanceFacts facts{"i-1",   "ecs.g7.4xlarge", "cn-hangzhou", "cn-hangzhou-i",
                              "vpc-1", "vsw-1",          kMac,          ip("10.0.1.5")};
    EXPECT_EQ(client_.instance(a_while()), facts);
    EXPECT_EQ(service_.tokens, 1);
}

TEST_F(MetadataTest, TellsTheNics) {
    EXPECT_THAT(client_.macs(a_while()), ElementsAre(kMac, mac("00:16:3e:00:00:02")));
    const auto nic = client_.nic(kMac, a_while()).value();
    EXPECT_EQ(nic.eni, "eni-1");
    EXPECT_EQ(nic.vswitch, "vsw-1");
    EXPECT_EQ(nic.primary, ip("10.0.1.5"));
    EXPECT_THAT(nic.ipv4, ElementsAre(ip("10.0.1.5"), ip("10.0.1.6")));
    EXPECT_THAT(nic.ipv6, ElementsAre(ip("2408::1"), ip("2408::2")));
    EXPECT_THAT(nic.ipv4_prefixes, ElementsAre(prefix("10.0.1.64/28"), prefix("10.0.1.80/28")));
    EXPECT_TRUE(nic.ipv6_prefixes.empty());
    EXPECT_THAT(nic.subnets, ElementsAre(prefix("10.0.1.0/24")));
    EXPECT_THAT(nic.gateways, ElementsAre(ip("10.0.1.253")));
}

TEST_F(MetadataTest, TellsNothingOfANicThatIsNotThere) {
    EXPECT_EQ(client_.nic(mac("00:16:3e:00:00:02"), a_while()), std::nullopt);
}

TEST_F(MetadataTest, TellsAnyLeaf) {
    EXPECT_EQ(client_.raw("/latest/meta-data/zone-id", a_while()), "cn-hangzhou-i");
    EXPECT_EQ(client_.raw("eipv4", a_while()), std::nullopt);
    EXPECT_THROW(static_cast<void>(client_.raw("a b", a_while())), Error);
}

TEST_F(MetadataTest, RenewsItsTokenAtHalfItsLife) {
    static_cast<void>(client_.raw("mac", a_while()));
    world_.advance(3h - 1ms);
    static_cast<void>(client_.raw("mac", a_while()));
    EXPECT_EQ(service_.tokens, 1);
    world_.advance(1ms);
    static_cast<void>(client_.raw("mac", a_while()));
    EXPECT_EQ(service_.tokens, 2);
}

TEST_F(MetadataTest, RenewsATokenThatIsRefusedOnce) {
    static_cast<void>(client_.raw("mac", a_while()));
    service_.tokens = 7;
    EXPECT_EQ(client_.raw("zone-id", a_while()), "cn-hangzhou-i");
    EXPECT_EQ(service_.tokens, 8);
    service_.suffix = " never right";
    try {
        static_cast<void>(client_.raw("mac", a_while()));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::Internal);
        EXPECT_THAT(error.what(), HasSubstr("/latest/meta-data/mac: HTTP 401"));
    }
    EXPECT_EQ(service_.tokens, 9);
}

TEST_F(MetadataTest, GoesWithoutATokenWhereThereAreNone) {
    service_.hardened = false;
    for (const int status : {403, 404}) {
        service_.put_status = status;
        MetadataClient client(server_.url(), world_.effects());
        EXPECT_EQ(client.raw("zone-id", a_while()), "cn-hangzhou-i");
        EXPECT_EQ(server_.requests().back().headers.count("x-aliyun-ecs-metadata-token"), 0U);
    }
}

TEST_F(MetadataTest, SaysThatATokenIsDemandedAndNoneIsGiven) {
    service_.put_status = 403;
    try {
        static_cast<void>(client_.raw("mac", a_while()));
        FAIL();
    } catch (const Error& error) {
        EXPECT_THAT(error.what(), HasSubstr("the instance demands a token"));
    }
}

TEST_F(MetadataTest, NamesALeafThatMustBeThere) {
    service_.values.erase("vpc-id");
    try {
        static_cast<void>(client_.instance(a_while()));
        FAIL();
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "metadata vpc-id: not there");
    }
}

TEST(MetadataService, IsAskedAgainWhenItIsBusyOrAway) {
    World world;
    const Server server(
        in_turn({{200, "token"}, {429, ""}, {503, ""}, {.act = Act::Cut}, {200, "i-1"}}));
    MetadataClient client(server.url(), world.effects());
    EXPECT_EQ(client.raw("instance-id", a_while()), "i-1");
    EXPECT_THAT(world.pauses(), testing::Each(testing::Ge(200ms)));
}

TEST(MetadataService, IsGivenUpAtTheEndOfPatience) {
    World world;
    world.end_patience_after(3);
    const Server server(in_turn({{200, "token"}, {500, ""}}));
    MetadataClient client(server.url(), world.effects());
    try {
        static_cast<void>(client.raw("instance-id", a_while()));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::Retry);
        EXPECT_THAT(error.what(), HasSubstr("instance-id: HTTP 500"));
    }
    EXPECT_EQ(server.requests().size(), 5U);
}

TEST(MetadataText, IsReadInEveryForm) {
    for (const auto* text :
         {R"(["a","b"])", "[a,b]", "[a, b]", "a\nb\n", "a/\nb/", R"([ "a" , "b" ])"}) {
        EXPECT_THAT(parse_list(text), ElementsAre("a", "b")) << text;
    }
    EXPECT_THAT(parse_list("a"), ElementsAre("a"));
    for (const auto* text : {"", "[]", "\n", "[\"\"]", "/"}) {
        EXPECT_TRUE(parse_list(text).empty()) << text;
    }
}

TEST(MetadataText, IsRefusedWithThePathWhereAnAddressShouldBe) {
    try {
        static_cast<void>(parse_addresses("[10.0.0.1,x]", "private-ipv4s"));
        FAIL();
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "metadata private-ipv4s: \"x\" is not an address");
    }
}

}  // namespace
}  // namespace terway::cloud
