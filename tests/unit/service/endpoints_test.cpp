#include "service/endpoints.hpp"

#include <gmock/gmock.h>

#include "service_testing.hpp"

namespace terway::service {
namespace {

const NodeFacts kNode{"n1", "a", {}};

class Endpoints : public testing::Test {
protected:
    [[nodiscard]] Choice choice(const Slices& slices, Scope scope = Scope::Cluster,
                                const NodeFacts& facts = kNode) const {
        return choose(candidates_of(slices, Family::V4, kube::Word(), protocol_, facts.name), scope,
                      facts);
    }
    [[nodiscard]] std::string backends(const Slices& slices, Scope scope = Scope::Cluster,
                                       const NodeFacts& facts = kNode) const {
        return text_of(backends_of(choice(slices, scope, facts), protocol_));
    }

    Protocol protocol_ = Protocol::Tcp;
};

SliceMaker slice(const std::string& name = "web-1") {
    return SliceMaker(name, "web").port(80);
}

TEST_F(Endpoints, AreUsedWhenTheyAreReady) {
    EXPECT_EQ(backends({slice().ready("10.0.0.2").ready("10.0.0.1")}), "10.0.0.1:80 10.0.0.2:80");
    EXPECT_EQ(backends({}), "");
}

TEST_F(Endpoints, OfSeveralSlicesComeOnce) {
    EXPECT_EQ(backends({slice("a").ready("10.0.0.1").ready("10.0.0.2"),
                        slice("b").ready("10.0.0.2").ready("10.0.0.3")}),
              "10.0.0.1:80 10.0.0.2:80 10.0.0.3:80");
}

TEST_F(Endpoints, AreAsGoodAsInTheBestOfTheirSlices) {
    const auto one = slice("a").terminating("10.0.0.1", false);
    const auto other = slice("b").ready("10.0.0.1");
    EXPECT_EQ(backends({one, other}), "10.0.0.1:80");
    EXPECT_EQ(backends({slice("a").ready("10.0.0.1", "n1"), slice("b").ready("10.0.0.1", "n2")},
                       Scope::Local),
              "10.0.0.1:80")
        << "here if any slice says so";
}

TEST_F(Endpoints, HaveThePortThatTheirSliceSays) {
    EXPECT_EQ(backends({slice("a").ready("10.0.0.1"),
                        SliceMaker("b", "web").port(8080).ready("10.0.0.1").ready("10.0.0.2")}),
              "10.0.0.1:80 10.0.0.1:8080 10.0.0.2:8080");
}

TEST_F(Endpoints, AreThoseOfThePortAndTheFamily) {
    const Slices slices{slice().port(53, "dns").ready("10.0.0.1"),
                        SliceMaker("v6", "web", Family::V6).port(80).ready("fd00::1")};
    const auto of = [&](Family family, const char* port, Protocol protocol) {
        return text_of(
            backends_of(choose(candidates_of(slices, family, kube::Word(port), protocol, "n1"),
                               Scope::Cluster, kNode),
                        protocol));
    };
    EXPECT_EQ(of(Family::V4, "", Protocol::Tcp), "10.0.0.1:80");
    EXPECT_EQ(of(Family::V6, "", Protocol::Tcp), "[fd00::1]:80");
    EXPECT_EQ(of(Family::V4, "dns", Protocol::Tcp), "10.0.0.1:53");
    EXPECT_EQ(of(Family::V4, "dns", Protocol::Udp), "");
    EXPECT_EQ(of(Family::V4, "other", Protocol::Tcp), "");
}

TEST_F(Endpoints, ThatTerminateDrain) {
    EXPECT_EQ(backends({slice()
                            .ready("10.0.0.1")
                            .terminating("10.0.0.2", true)
                            .terminating("10.0.0.3", false)}),
              "10.0.0.1:80 10.0.0.2:80- 10.0.0.3:80-");
}

TEST_F(Endpoints, ThatTerminateAndServeStandInWhenNobodyIsReady) {
    EXPECT_EQ(backends({slice()
                            .not_ready("10.0.0.1")
                            .terminating("10.0.0.2", true)
                            .terminating("10.0.0.3", false)}),
              "10.0.0.1:80- 10.0.0.2:80 10.0.0.3:80-");
}

TEST_F(Endpoints, ThatAreNotReadyKeepConnectionsButNotFlowsOfUdp) {
    const Slices slices{slice().ready("10.0.0.1").not_ready("10.0.0.2")};
    EXPECT_EQ(backends(slices), "10.0.0.1:80 10.0.0.2:80-");
    protocol_ = Protocol::Udp;
    const Slices udp{SliceMaker("a", "web")
                         .port(53, "", Protocol::Udp)
                         .ready("10.0.0.1")
                         .not_ready("10.0.0.2")
                         .terminating("10.0.0.3", false)};
    EXPECT_EQ(backends(udp), "10.0.0.1:53 10.0.0.3:53-");
}

TEST_F(Endpoints, OfOtherNodesAreNotUsedByALocalService) {
    const Slices slices{slice()
                            .ready("10.0.0.1", "n1")
                            .ready("10.0.0.2", "n2")
                            .terminating("10.0.0.3", true, "n2")};
    EXPECT_EQ(backends(slices, Scope::Local), "10.0.0.1:80");
    EXPECT_EQ(backends(slices, Scope::Local, {"n9", "a", {}}), "");
    EXPECT_EQ(backends(slices, Scope::Local, {"n2", "a", {}}), "10.0.0.2:80 10.0.0.3:80-");
}

TEST_F(Endpoints, OfThisNodeThatTerminateStandInForALocalService) {
    EXPECT_EQ(backends({slice().ready("10.0.0.1", "n2").terminating("10.0.0.2", true, "n1")},
                       Scope::Local),
              "10.0.0.2:80");
}

TEST_F(Endpoints, WithoutANodeAreNobodysOwn) {
    EXPECT_EQ(backends({slice().ready("10.0.0.1")}, Scope::Local), "");
    EXPECT_EQ(backends({slice().ready("10.0.0.1")}, Scope::Local, {}), "");
}

TEST_F(Endpoints, ElsewhereMakeALocalServiceSilentRatherThanRefuse) {
    const auto without = [&](const Slices& slices, Scope scope) {
        return without_backends(choice(slices, scope), scope);
    };
    const Slices elsewhere{slice().ready("10.0.0.1", "n2")};
    EXPECT_EQ(without(elsewhere, Scope::Local), WithoutBackends::Drop);
    EXPECT_EQ(without(elsewhere, Scope::Cluster), WithoutBackends::Refuse);
    EXPECT_EQ(without({}, Scope::Local), WithoutBackends::Refuse);
    EXPECT_EQ(without({slice().not_ready("10.0.0.1", "n2")}, Scope::Local),
              WithoutBackends::Refuse);
    EXPECT_EQ(without({slice().terminating("10.0.0.1", true, "n2")}, Scope::Local),
              WithoutBackends::Drop);
}

TEST_F(Endpoints, AreChosenByZoneWhenAllHaveHintsAndOneIsForUs) {
    const auto both = slice().ready("10.0.0.1").for_zones("a,b").ready("10.0.0.2").for_zones("c");
    EXPECT_EQ(backends({both}), "10.0.0.1:80 10.0.0.2:80-")
        << "who was used before the hints keeps its connections";
    EXPECT_EQ(backends({both}, Scope::Cluster, {"n1", "c", {}}), "10.0.0.1:80- 10.0.0.2:80");
    EXPECT_EQ(backends({both}, Scope::Cluster, {"n1", "d", {}}), "10.0.0.1:80 10.0.0.2:80");
    EXPECT_EQ(backends({both}, Scope::Cluster, {"n1", "", {}}), "10.0.0.1:80 10.0.0.2:80");
}

TEST_F(Endpoints, AreNotChosenByHintsThatNotAllHave) {
    EXPECT_EQ(backends({slice()
                            .ready("10.0.0.1")
                            .for_zones("b")
                            .ready("10.0.0.2")
                            .ready("10.0.0.3")
                            .for_zones("a")}),
              "10.0.0.1:80 10.0.0.2:80 10.0.0.3:80");
}

TEST_F(Endpoints, ThatAreNotReadyNeedNoHints) {
    EXPECT_EQ(backends({slice()
                            .ready("10.0.0.1")
                            .for_zones("a")
                            .ready("10.0.0.2")
                            .for_zones("b")
                            .terminating("10.0.0.3", true)}),
              "10.0.0.1:80 10.0.0.2:80- 10.0.0.3:80-");
}

TEST_F(Endpoints, AreChosenByNodeBeforeZone) {
    const auto both = slice()
                          .ready("10.0.0.1")
                          .for_zones("a")
                          .for_nodes("n1")
                          .ready("10.0.0.2")
                          .for_zones("a")
                          .for_nodes("n2");
    EXPECT_EQ(backends({both}), "10.0.0.1:80 10.0.0.2:80-");
    EXPECT_EQ(backends({both}, Scope::Cluster, {"n3", "a", {}}), "10.0.0.1:80 10.0.0.2:80");
}

TEST_F(Endpoints, OfALocalServiceAreNotChosenByHints) {
    EXPECT_EQ(
        backends(
            {slice().ready("10.0.0.1", "n1").for_zones("b").ready("10.0.0.2", "n2").for_zones("a")},
            Scope::Local),
        "10.0.0.1:80");
}

}  // namespace
}  // namespace terway::service
