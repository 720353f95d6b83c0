// VPC route mode on a node that keeps its own entries in the VPC's route table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "cloud_node.hpp"
#include "stream.hpp"

namespace terway::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Prefix prefix(const char* text) {
    return Prefix::parse(text).value();
}

class EniRoutes : public testing::Test {
protected:
    EniRoutes() {
        auto& settings = cloud_.node().settings();
        settings.pod_cidrs = {"172.20.1.0/24", "fd00:20:1::/64"};
        settings.pool.clear();
        settings.cloud += "\nmanage_routes = true";
        settings.veth.clear();
    }

    std::optional<sim::RouteRecord> entry(const Prefix& destination) {
        return cloud_.cloud().with([&](sim::Cloud& all) -> std::optional<sim::RouteRecord> {
            for (const auto& each : all.routes().list()) {
                if (each.destination == destination) {
                    return each;
                }
            }
            return std::nullopt;
        });
    }
    void make_entry(const Prefix& destination, const std::string& instance,
                    const std::string& description) {
        const auto now = cloud_.cloud().time();
        cloud_.cloud().with([&](sim::Cloud& all) {
            sim::RouteRecord wish;
            wish.destination = destination;
            wish.next_hop = instance;
            wish.description = description;
            (void)all.routes().create(wish, now);
        });
        EXPECT_TRUE(eventually([&] {
            const auto made = entry(destination);
            return made && made->status == "Available";
        }));
    }
    [[nodiscard]] boost::json::value report() const {
        const auto asked = cloud_.node().ctl({"-o", "json", "cloud", "routes"});
        if (asked.out.empty()) {  // it does not know its instance yet
            return {{"routes", boost::json::array()}, {"trouble", asked.err}};
        }
        return boost::json::parse(asked.out);
    }
    [[nodiscard]] bool all_in_place() const {
        const auto state = report();
        const auto& routes = state.at("routes").as_array();
        return routes.size() == 2 &&
               std::all_of(routes.begin(), routes.end(),
                           [](const auto& each) { return each.at("in_place").as_bool(); });
    }

    CloudNode cloud_;
};

TEST_F(EniRoutes, TheNodeMakesItsEntriesAndANeighbourReachesThePodByThem) {
    const auto daemon = cloud_.node().start();
    EXPECT_TRUE(eventually([&] { return all_in_place(); }, 20s)) << report();
    const auto made = entry(prefix("172.20.1.0/24"));
    ASSERT_TRUE(made);
    EXPECT_EQ(made->next_hop, CloudNode::kInstance);
    EXPECT_EQ(made->description, "terway i-a");
    const auto pod = cloud_.node().sandbox("a");
    const auto added = cloud_.node().add("a", *pod);
    ASSERT_TRUE(added.ok()) << added.out;
    for (const auto& address : added.addresses()) {
        const Stream stream(cloud_.neighbour_fd(), pod->fd(), address);
        EXPECT_TRUE(stream.carries("hello")) << address.text();
    }
}

TEST_F(EniRoutes, AnEntryThatLeadsToAnotherNodeIsReportedAndLeftAlone) {
    make_entry(prefix("172.20.1.0/24"), "i-b", "by hand");
    const auto daemon = cloud_.node().start();
    EXPECT_TRUE(eventually(
        [&] {
            const auto state = report();
            const auto& routes = state.at("routes").as_array();
            return routes.size() == 2 && routes[0].at("conflict").as_bool() &&
                   routes[1].at("in_place").as_bool();
        },
        20s))
        << report();
    EXPECT_THAT(std::string(report().at("routes").at(0).at("text").as_string()), HasSubstr("i-b"));
    EXPECT_EQ(entry(prefix("172.20.1.0/24"))->next_hop, "i-b");
    EXPECT_EQ(cloud_.calls("DeleteRouteEntry"), 0U);
}

TEST_F(EniRoutes, TheEntryOfAFormerPodCidrGoesWhenItIsOurs) {
    make_entry(prefix("172.20.7.0/24"), CloudNode::kInstance, "terway i-a");
    make_entry(prefix("172.20.8.0/24"), CloudNode::kInstance, "by hand");
    const auto daemon = cloud_.node().start();
    EXPECT_TRUE(eventually([&] { return !entry(prefix("172.20.7.0/24")).has_value(); }, 20s));
    EXPECT_TRUE(eventually([&] { return all_in_place(); }, 20s)) << report();
    EXPECT_TRUE(entry(prefix("172.20.8.0/24")));
}

TEST_F(EniRoutes, PodsDoNotWaitForACloudThatIsAway) {
    cloud_.go_away();
    const auto daemon = cloud_.node().start();
    const auto pod = cloud_.node().sandbox("a");
    EXPECT_TRUE(cloud_.node().add("a", *pod).ok());
    const auto asked = cloud_.node().ctl({"cloud", "routes"});
    EXPECT_NE(asked.exit, 0);
    EXPECT_THAT(asked.err, HasSubstr("the cloud is not known yet"));
    cloud_.come_back();
    EXPECT_TRUE(eventually(
        [&] {
            return cloud_.node().ctl({"cloud", "routes"}).exit == 0 && all_in_place();
        },
        60s));
    EXPECT_EQ(daemon->stop(), 0);
}

TEST_F(EniRoutes, ADaemonThatHasNotLearnedItsInstanceStopsAtOnce) {
    cloud_.go_away();
    const auto daemon = cloud_.node().start();
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
    cloud_.come_back();
}

}  // namespace
}  // namespace terway::test
