#include "endpoint/eni_occupants.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace terway::endpoint {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Prefix host(const char* text) {
    return Prefix::host(IpAddress::parse(text).value());
}

EndpointRecord pod(const char* name, const char* dataplane, std::vector<Prefix> addresses,
                   const char* eni = "eni-1") {
    EndpointRecord record;
    record.spec.key = {name, "eth0"};
    record.spec.eni = eni;
    record.spec.addresses = std::move(addresses);
    record.chain = {{ModuleRole::Policy, "felix", "", ""},
                    {ModuleRole::Dataplane, dataplane, "", ""}};
    return record;
}

TEST(EniOccupants, ADataplaneHearsOfTheOthersAddressesOfTheEniAndNotOfItsOwn) {
    EniOccupants enis;
    enis.enter(pod("a", "veth", {host("10.0.0.7"), host("fd00::7")}));
    enis.enter(pod("b", "ipvlan", {host("10.0.0.8")}));
    enis.enter(pod("c", "veth", {host("10.0.0.9")}, "eni-2"));
    EXPECT_THAT(enis.others("eni-1", "ipvlan"), ElementsAre(host("10.0.0.7"), host("fd00::7")));
    EXPECT_THAT(enis.others("eni-1", "veth"), ElementsAre(host("10.0.0.8")));
    EXPECT_THAT(enis.others("eni-3", "veth"), IsEmpty());
}

TEST(EniOccupants, WhoeverLeavesTakesItsAddressesAlong) {
    EniOccupants enis;
    const auto a = pod("a", "veth", {host("10.0.0.7")});
    enis.enter(a);
    enis.enter(a);
    enis.enter(pod("b", "veth", {host("10.0.0.8")}));
    enis.leave(a);
    enis.leave(a);
    EXPECT_THAT(enis.others("eni-1", "ipvlan"), ElementsAre(host("10.0.0.8")));
}

TEST(EniOccupants, ALateGoodbyeTakesNoAddressFromItsNextOwner) {
    EniOccupants enis;
    const auto former = pod("a", "ipvlan", {host("10.0.0.7")});
    enis.enter(former);
    enis.enter(pod("b", "veth", {host("10.0.0.7")}));
    enis.leave(former);
    EXPECT_THAT(enis.others("eni-1", "ipvlan"), ElementsAre(host("10.0.0.7")));
}

TEST(EniOccupants, AnEndpointOnNoEniIsNobodysNeighbour) {
    EniOccupants enis;
    enis.enter(pod("a", "veth", {host("172.20.0.7")}, ""));
    EXPECT_THAT(enis.others("", "ipvlan"), IsEmpty());
}

TEST(EniOccupants, ARecordWithoutADataplaneHasNone) {
    EXPECT_EQ(dataplane_of({}), "");
    EXPECT_EQ(dataplane_of(pod("a", "veth", {})), "veth");
}

}  // namespace
}  // namespace terway::endpoint
