#include "service/explain.hpp"

#include <gmock/gmock.h>

#include "service_testing.hpp"

namespace terway::service {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> reasons(const ExplainedFrontend& frontend) {
    std::vector<std::string> all;
    for (const auto& each : frontend.endpoints) {
        all.push_back(text_of(each.address, each.port) + " " + each.reason);
    }
    return all;
}

TEST(ServiceExplain, SaysOfEachEndpointWhyItIsUsedOrNot) {
    Index index;
    index.set_facts({"n1", "a", {}});
    index.set_service(ServiceMaker("web").at("10.96.0.1").port(80, "http").local());
    index.set_slice(SliceMaker("web-1", "web")
                        .port(8080, "http")
                        .ready("10.0.0.1", "n1")
                        .ready("10.0.0.2", "n2")
                        .not_ready("10.0.0.3", "n1")
                        .terminating("10.0.0.4", true, "n1"));
    (void)index.take();
    const auto told = explain(index, {"shop", "web"}).value();
    EXPECT_TRUE(told.is_local);
    EXPECT_THAT(told.remarks, IsEmpty());
    ASSERT_EQ(told.ports.size(), 1U);
    EXPECT_EQ(told.ports[0].text, "shop/web:http");
    ASSERT_EQ(told.ports[0].frontends.size(), 1U);
    const auto& frontend = told.ports[0].frontends[0];
    EXPECT_EQ(frontend.key.text(), "10.96.0.1:80/TCP");
    EXPECT_EQ(frontend.without_backends, WithoutBackends::Drop);
    EXPECT_EQ(frontend.lost_to, "");
    EXPECT_THAT(reasons(frontend),
                ElementsAre("10.0.0.1:8080 is ready",
                            "10.0.0.2:8080 is on another node, and the Service keeps traffic on "
                            "its node",
                            "10.0.0.3:8080 is not ready; keeps its connections",
                            "10.0.0.4:8080 is terminating; keeps its connections"));
    EXPECT_EQ(frontend.endpoints[0].state, BackendState::Ready);
    EXPECT_EQ(frontend.endpoints[0].node, "n1");
    EXPECT_EQ(frontend.endpoints[1].state, std::nullopt);
    EXPECT_EQ(frontend.endpoints[3].state, BackendState::Draining);
}

TEST(ServiceExplain, NamesTheServiceThatHasTheAddress) {
    Index index;
    index.set_service(ServiceMaker("a").at("10.96.0.1").port(80).external("203.0.113.1"));
    index.set_service(ServiceMaker("b").at("10.96.0.2").port(80).external("203.0.113.1"));
    (void)index.take();
    const auto told = explain(index, {"shop", "b"}).value();
    EXPECT_EQ(told.ports[0].frontends[0].lost_to, "");
    EXPECT_EQ(told.ports[0].frontends[1].origin, Origin::ExternalIp);
    EXPECT_EQ(told.ports[0].frontends[1].lost_to, "shop/a");
}

TEST(ServiceExplain, SaysWhyNothingIsDoneForAService) {
    Index index;
    auto headless = ServiceMaker("web").port(80);
    headless.raw().is_headless = true;
    index.set_service(headless);
    (void)index.take();
    const auto told = explain(index, {"shop", "web"}).value();
    EXPECT_THAT(told.ignored, HasSubstr("headless"));
    EXPECT_THAT(told.ports, IsEmpty());
    EXPECT_FALSE(explain(index, {"shop", "other"}));
}

TEST(ServiceExplain, RemarksOnSlicesThatDoNotFit) {
    Index index;
    index.set_service(ServiceMaker("web").at("10.96.0.1").port(80, "http"));
    (void)index.take();
    EXPECT_THAT(explain(index, {"shop", "web"})->remarks, ElementsAre("it has no EndpointSlice"));
    index.set_slice(SliceMaker("web-1", "web").port(8080, "htpp").ready("10.0.0.1"));
    (void)index.take();
    EXPECT_THAT(
        explain(index, {"shop", "web"})->remarks,
        ElementsAre("EndpointSlice web-1 has a port \"htpp\" (TCP) that the Service has not"));
}

}  // namespace
}  // namespace terway::service
