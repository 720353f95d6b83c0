#include "service/index.hpp"

#include <gmock/gmock.h>

#include "service_testing.hpp"

namespace terway::service {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class IndexTest : public testing::Test {
protected:
    IndexTest() { index_.set_facts({"n1", "a", {ip("192.168.0.1"), ip("fd92::1")}}); }

    [[nodiscard]] std::vector<std::string> take() { return texts_of(index_.take()); }

    Index index_;
};

ServiceMaker web() {
    return ServiceMaker("web").at("10.96.0.1").port(80);
}
SliceMaker slice(const std::string& name = "web-1") {
    return SliceMaker(name, "web").port(8080);
}

TEST_F(IndexTest, MakesAFrontendOfAServiceAndItsSlices) {
    index_.set_service(web());
    EXPECT_THAT(take(), ElementsAre("10.96.0.1:80/TCP shop/web: "));
    index_.set_slice(slice().ready("10.0.0.1"));
    EXPECT_THAT(take(), ElementsAre("10.96.0.1:80/TCP shop/web: 10.0.0.1:8080"));
    EXPECT_THAT(take(), IsEmpty());
    index_.remove_slice({"shop", "web-1"});
    EXPECT_THAT(take(), ElementsAre("10.96.0.1:80/TCP shop/web: "));
    index_.remove_service({"shop", "web"});
    EXPECT_THAT(take(), ElementsAre("gone 10.96.0.1:80/TCP"));
    EXPECT_EQ(index_.frontends(), 0U);
}

TEST_F(IndexTest, TakesASliceBeforeItsService) {
    index_.set_slice(slice().ready("10.0.0.1"));
    EXPECT_THAT(take(), IsEmpty());
    index_.set_service(web());
    EXPECT_THAT(take(), ElementsAre("10.96.0.1:80/TCP shop/web: 10.0.0.1:8080"));
    index_.remove_service({"shop", "web"});
    EXPECT_THAT(take(), ElementsAre("gone 10.96.0.1:80/TCP"));
    index_.set_service(web());
    EXPECT_THAT(take(), ElementsAre("10.96.0.1:80/TCP shop/web: 10.0.0.1:8080"));
}

TEST_F(IndexTest, SaysNothingOfAChangeThatMakesNoDifference) {
    index_.set_service(web());
    index_.set_slice(slice().ready("10.0.0.1"));
    (void)take();
    index_.set_slice(slice().ready("10.0.0.1", "n7").for_zones("z"));
    index_.set_service(web());
    EXPECT_THAT(take(), IsEmpty());
    index_.set_slice(slice().ready("10.0.0.2"));
    index_.set_slice(slice().ready("10.0.0.1"));
    EXPECT_THAT(take(), IsEmpty()) << "there and back between two looks";
}

TEST_F(IndexTest, TellsOnlyTheServiceThatAnEventIsAbout) {
    index_.set_service(web());
    index_.set_service(ServiceMaker("db").at("10.96.0.2").port(5432));
    (void)take();
    index_.set_slice(SliceMaker("db-1", "db").port(5432).ready("10.0.0.9"));
    EXPECT_THAT(take(), ElementsAre("10.96.0.2:5432/TCP shop/db: 10.0.0.9:5432"));
}

TEST_F(IndexTest, FollowsASliceToAnotherService) {
    index_.set_service(web());
    index_.set_service(ServiceMaker("db").at("10.96.0.2").port(80));
    index_.set_slice(slice().ready("10.0.0.1"));
    (void)take();
    index_.set_slice(SliceMaker("web-1", "db").port(8080).ready("10.0.0.1"));
    EXPECT_THAT(take(), ElementsAre("10.96.0.1:80/TCP shop/web: ",
                                    "10.96.0.2:80/TCP shop/db: 10.0.0.1:8080"));
    index_.set_slice(SliceMaker("web-1", "").port(8080).ready("10.0.0.1"));
    EXPECT_THAT(take(), ElementsAre("10.96.0.2:80/TCP shop/db: "));
}

TEST_F(IndexTest, HasAFrontendForEveryAddressOfAService) {
    index_.set_service(ServiceMaker("web")
                           .at("10.96.0.1")
                           .at("fd00::1")
                           .port(80, "http", Protocol::Tcp, 30080)
                           .port(53, "dns", Protocol::Udp)
                           .external("203.0.113.1")
                           .balanced_at("198.51.100.1")
                           .affinity(60));
    index_.set_slice(SliceMaker("web-4", "web")
                         .port(8080, "http")
                         .port(53, "dns", Protocol::Udp)
                         .ready("10.0.0.1"));
    index_.set_slice(SliceMaker("web-6", "web", Family::V6).port(8080, "http").ready("fd10::1"));
    EXPECT_THAT(take(),
                ElementsAre("10.96.0.1:53/UDP shop/web:dns: 10.0.0.1:53 affinity 60",
                            "10.96.0.1:80/TCP shop/web:http: 10.0.0.1:8080 affinity 60",
                            "192.168.0.1:30080/TCP shop/web:http: 10.0.0.1:8080 affinity 60",
                            "198.51.100.1:53/UDP shop/web:dns: 10.0.0.1:53 affinity 60",
                            "198.51.100.1:80/TCP shop/web:http: 10.0.0.1:8080 affinity 60",
                            "203.0.113.1:53/UDP shop/web:dns: 10.0.0.1:53 affinity 60",
                            "203.0.113.1:80/TCP shop/web:http: 10.0.0.1:8080 affinity 60",
                            "[fd00::1]:53/UDP shop/web:dns:  affinity 60",
                            "[fd00::1]:80/TCP shop/web:http: [fd10::1]:8080 affinity 60",
                            "[fd92::1]:30080/TCP shop/web:http: [fd10::1]:8080 affinity 60"));
}

TEST_F(IndexTest, ServesAFamilyOnlyWhereTheServiceHasAnAddressOfIt) {
    index_.set_service(
        ServiceMaker("web").at("10.96.0.1").port(80, "", Protocol::Tcp, 30080).external("fd99::1"));
    EXPECT_THAT(take(),
                ElementsAre("10.96.0.1:80/TCP shop/web: ", "192.168.0.1:30080/TCP shop/web: "));
}

TEST_F(IndexTest, KeepsTrafficOnTheNodeOnlyAtTheClusterIp) {
    index_.set_service(web().external("203.0.113.1").local());
    index_.set_slice(slice().ready("10.0.0.1", "n1").ready("10.0.0.2", "n2"));
    EXPECT_THAT(take(), ElementsAre("10.96.0.1:80/TCP shop/web: 10.0.0.1:8080 drop",
                                    "203.0.113.1:80/TCP shop/web: 10.0.0.1:8080 10.0.0.2:8080"));
}

TEST_F(IndexTest, IgnoresWhatIsNotForTheNodesProxy) {
    auto headless = ServiceMaker("a").port(80);
    headless.raw().is_headless = true;
    index_.set_service(headless);
    auto name = ServiceMaker("b").at("10.96.0.2").port(80);
    name.raw().type = kube::ServiceType::ExternalName;
    index_.set_service(name);
    auto other = ServiceMaker("c").at("10.96.0.3").port(80);
    other.raw().proxy = kube::Word("mesh");
    index_.set_service(other);
    EXPECT_THAT(take(), IsEmpty());
}

TEST_F(IndexTest, GivesAnAddressThatTwoWantToTheOlder) {
    index_.set_service(ServiceMaker("young")
                           .at("10.96.0.2")
                           .port(80)
                           .external("203.0.113.1")
                           .created("2024-06-01T00:00:00Z"));
    (void)take();
    index_.set_service(ServiceMaker("old")
                           .at("10.96.0.1")
                           .port(80)
                           .external("203.0.113.1")
                           .created("2023-06-01T00:00:00Z"));
    EXPECT_THAT(take(),
                ElementsAre("10.96.0.1:80/TCP shop/old: ", "203.0.113.1:80/TCP shop/old: "));
    EXPECT_EQ(index_.owner_of({ip("203.0.113.1"), 80, Protocol::Tcp}), (ObjectName{"shop", "old"}));
    index_.remove_service({"shop", "old"});
    EXPECT_THAT(take(), ElementsAre("203.0.113.1:80/TCP shop/young: ", "gone 10.96.0.1:80/TCP"));
}

TEST_F(IndexTest, GivesItToTheFirstByNameWhereTwoAreOfOneAge) {
    index_.set_service(ServiceMaker("b").at("10.96.0.2").port(80).external("203.0.113.1"));
    index_.set_service(ServiceMaker("a").at("10.96.0.1").port(80).external("203.0.113.1"));
    (void)take();
    EXPECT_EQ(index_.owner_of({ip("203.0.113.1"), 80, Protocol::Tcp}), (ObjectName{"shop", "a"}));
}

TEST_F(IndexTest, LetsNobodyTakeAClusterIpByAnExternalOne) {
    index_.set_service(ServiceMaker("thief")
                           .at("10.96.0.2")
                           .port(80)
                           .external("10.96.0.1")
                           .created("2000-01-01T00:00:00Z"));
    index_.set_service(web());
    (void)take();
    EXPECT_EQ(index_.owner_of({ip("10.96.0.1"), 80, Protocol::Tcp}), (ObjectName{"shop", "web"}));
}

TEST_F(IndexTest, SurvivesThatRivalsGoTogether) {
    index_.set_service(ServiceMaker("a").at("10.96.0.1").port(80).external("203.0.113.1"));
    index_.set_service(ServiceMaker("b").at("10.96.0.2").port(80).external("203.0.113.1"));
    (void)take();
    index_.remove_service({"shop", "a"});
    index_.set_service(
        ServiceMaker("b").at("10.96.0.2").port(80).external("203.0.113.1").affinity(1));
    index_.set_service(ServiceMaker("c").at("10.96.0.3").port(80).external("203.0.113.1"));
    EXPECT_THAT(take(),
                ElementsAre("10.96.0.2:80/TCP shop/b:  affinity 1", "10.96.0.3:80/TCP shop/c: ",
                            "203.0.113.1:80/TCP shop/b:  affinity 1", "gone 10.96.0.1:80/TCP"));
}

TEST_F(IndexTest, FollowsTheFactsOfTheNode) {
    index_.set_service(web().port(81, "n", Protocol::Tcp, 30081));
    index_.set_slice(slice().ready("10.0.0.1").for_zones("a").ready("10.0.0.2").for_zones("b"));
    (void)take();
    index_.set_facts({"n1", "b", {ip("192.168.0.2")}});
    EXPECT_THAT(take(),
                ElementsAre("10.96.0.1:80/TCP shop/web: 10.0.0.1:8080- 10.0.0.2:8080",
                            "192.168.0.2:30081/TCP shop/web:n: ", "gone 192.168.0.1:30081/TCP"));
    index_.set_facts({"n1", "b", {ip("192.168.0.2")}});
    EXPECT_THAT(take(), IsEmpty());
}

TEST_F(IndexTest, KnowsEverythingThatItHasTold) {
    index_.set_service(web());
    index_.set_service(ServiceMaker("db").at("10.96.0.2").port(5432));
    (void)take();
    index_.set_slice(slice().ready("10.0.0.1"));
    EXPECT_THAT(texts_of(index_.everything()),
                ElementsAre("10.96.0.1:80/TCP shop/web: ", "10.96.0.2:5432/TCP shop/db: "));
    (void)take();
    index_.remove_service({"shop", "db"});
    (void)take();
    EXPECT_THAT(texts_of(index_.everything()),
                ElementsAre("10.96.0.1:80/TCP shop/web: 10.0.0.1:8080"));
}

}  // namespace
}  // namespace terway::service
