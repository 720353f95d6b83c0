#include "daemon/mapping.hpp"

#include <gmock/gmock.h>

namespace terway::daemon {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

IpAddress ip(const char* text) {
    return IpAddress::parse(text).value();
}

// One pod with 10.0.0.21 on eni-1, everybody agreeing; 10.0.0.22 is idle.
class MappingTest : public ::testing::Test {
protected:
    MappingTest() {
        endpoint::EndpointRecord record;
        record.spec.key = {"c1", "eth0"};
        record.spec.pod_namespace = "default";
        record.spec.pod_name = "web-0";
        record.spec.addresses = {Prefix::host(ip("10.0.0.21"))};
        record.spec.eni = "eni-1";
        record.state = endpoint::EndpointState::Ready;
        facts_.records.push_back(record);
        facts_.kernel[record.key()] = "";
        pool::EniPicture picture;
        picture.place.id = "eni-1";
        picture.addresses = {{ip("10.0.0.21"), "used", "c1/eth0"}, {ip("10.0.0.22"), "idle", ""}};
        facts_.pool.enis.push_back(picture);
        cloud::Eni eni;
        eni.id = "eni-1";
        eni.ipv4 = {ip("10.0.0.21"), ip("10.0.0.22")};
        facts_.cloud = {eni};
    }

    MappingFacts facts_;
};

TEST_F(MappingTest, IsOneGoodRowForAnEndpointEverybodyAgreesOn) {
    const auto rows = mapping_of(facts_);
    ASSERT_THAT(rows, SizeIs(1));
    EXPECT_EQ(rows[0].pod, "default/web-0");
    EXPECT_EQ(rows[0].eni, "eni-1");
    EXPECT_EQ(rows[0].pool, "used");
    EXPECT_EQ(rows[0].kernel, "ok");
    EXPECT_EQ(rows[0].cloud, "ok");
    EXPECT_TRUE(rows[0].ok());
}

TEST_F(MappingTest, ShowsWhatTheKernelLacks) {
    facts_.kernel[facts_.records[0].key()] = "route 10.0.0.21/32 is missing";
    const auto rows = mapping_of(facts_);
    EXPECT_EQ(rows.at(0).kernel, "route 10.0.0.21/32 is missing");
    EXPECT_FALSE(rows.at(0).ok());
}

TEST_F(MappingTest, ShowsAnAddressTheCloudTookAway) {
    facts_.cloud->at(0).ipv4 = {ip("10.0.0.22")};
    const auto rows = mapping_of(facts_);
    EXPECT_EQ(rows.at(0).cloud, "is on no ENI of this node");
    EXPECT_FALSE(rows.at(0).ok());
}

TEST_F(MappingTest, ShowsAnAddressOnAnotherEni) {
    facts_.cloud->at(0).id = "eni-2";
    EXPECT_EQ(mapping_of(facts_).at(0).cloud, "is on eni-2");
}

TEST_F(MappingTest, FindsAddressesWithinPrefixes) {
    facts_.cloud->at(0).ipv4 = {ip("10.0.0.22")};
    facts_.cloud->at(0).ipv4_prefixes = {Prefix::parse("10.0.0.16/28").value()};
    EXPECT_EQ(mapping_of(facts_).at(0).cloud, "ok");
}

TEST_F(MappingTest, ShowsIdleAddressesTheCloudDoesNotKnow) {
    facts_.cloud->at(0).ipv4 = {ip("10.0.0.21")};
    const auto rows = mapping_of(facts_);
    ASSERT_THAT(rows, SizeIs(2));
    EXPECT_EQ(rows[1].address, ip("10.0.0.22"));
    EXPECT_EQ(rows[1].pod, "");
    EXPECT_FALSE(rows[1].ok());
}

TEST_F(MappingTest, ShowsAddressesThePoolDoesNotKnow) {
    facts_.cloud->at(0).ipv4.push_back(ip("10.0.0.99"));
    const auto rows = mapping_of(facts_);
    ASSERT_THAT(rows, SizeIs(2));
    EXPECT_EQ(rows[1].cloud, "the pool does not know it");
}

TEST_F(MappingTest, DoesNotMissThePrimaryAddressWhenPodsHaveIpv6Alone) {
    facts_.cloud->at(0).ipv4.push_back(ip("10.0.0.20"));
    facts_.cloud->at(0).primary = ip("10.0.0.20");
    EXPECT_THAT(mapping_of(facts_), SizeIs(1));
}

TEST_F(MappingTest, LeavesTheCloudsColumnEmptyWhenItCouldNotBeAsked) {
    facts_.cloud.reset();
    facts_.records[0].state = endpoint::EndpointState::Deleting;
    const auto rows = mapping_of(facts_);
    EXPECT_EQ(rows.at(0).cloud, "-");
    EXPECT_EQ(rows.at(0).kernel, "is deleting");
}

TEST_F(MappingTest, IsEmptyWithoutEndpoints) {
    EXPECT_THAT(mapping_of({}), IsEmpty());
}

}  // namespace
}  // namespace terway::daemon
