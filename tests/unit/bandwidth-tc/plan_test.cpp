#include "plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "options.hpp"
#include "terway/error.hpp"
#include "terway/testing/config_table.hpp"
#include "terway/testing/endpoint.hpp"
#include "terway/testing/host.hpp"

namespace terway::bandwidth_tc {
namespace {

using netlink::Hook;
using sdk::testing::EndpointBuilder;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kRate = 10'000'000;

twy_attachment links(std::uint32_t host, std::uint32_t pod, std::uint32_t side) {
    auto made = sdk::sized<twy_attachment>();
    made.host_ifindex = host;
    made.pod_ifindex = pod;
    made.side_ifindex = side;
    made.mtu = 1500;
    return made;
}

Plan make(const EndpointBuilder& endpoint, const twy_attachment& made) {
    const auto raw = endpoint.raw();
    return plan(sdk::EndpointView(raw), made, {});
}

EndpointBuilder limited(std::uint64_t ingress = kRate, std::uint64_t egress = kRate) {
    EndpointBuilder endpoint("c1", "eth0");
    endpoint.host_ifname("cali0123456789a").limits(ingress, egress);
    return endpoint;
}

TEST(Plan, AHostLinksOwnQueueLimitsWhatGoesToThePodAndADetourWhatComesFromIt) {
    const auto made = make(limited(), links(5, 2, 0));
    EXPECT_EQ(made.ingress.place, Place::Host);
    EXPECT_THAT(made.ingress.links, ElementsAre(5U));
    EXPECT_THAT(made.ingress.ifb, IsEmpty());
    EXPECT_EQ(made.egress.place, Place::Host);
    EXPECT_THAT(made.egress.links, ElementsAre(5U));
    EXPECT_EQ(made.egress.ifb, "ifb0123456789ae");
    EXPECT_EQ(made.egress.hook, Hook::Ingress);
}

TEST(Plan, WithoutAHostLinkItIsTheOtherWayRoundInThePod) {
    const auto made = make(limited(), links(0, 2, 0));
    EXPECT_EQ(made.egress.place, Place::Pod);
    EXPECT_THAT(made.egress.links, ElementsAre(2U));
    EXPECT_THAT(made.egress.ifb, IsEmpty());
    EXPECT_EQ(made.ingress.place, Place::Pod);
    EXPECT_THAT(made.ingress.links, ElementsAre(2U));
    EXPECT_EQ(made.ingress.ifb, "ifb0123456789ai");
    EXPECT_EQ(made.ingress.hook, Hook::Ingress);
}

TEST(Plan, TwoLinksOfAPodShareOneLimitEachWay) {
    const auto made = make(limited(), links(0, 2, 3));
    EXPECT_THAT(made.ingress.links, ElementsAre(2U, 3U));
    EXPECT_EQ(made.ingress.ifb, "ifb0123456789ai");
    EXPECT_EQ(made.ingress.hook, Hook::Ingress);
    EXPECT_THAT(made.egress.links, ElementsAre(2U, 3U));
    EXPECT_EQ(made.egress.ifb, "ifb0123456789ae");
    EXPECT_EQ(made.egress.hook, Hook::Egress);
}

TEST(Plan, EachDirectionIsLimitedByItselfOrNotAtAll) {
    const auto in = make(limited(kRate, 0), links(5, 2, 0));
    EXPECT_TRUE(in.ingress.shape);
    EXPECT_FALSE(in.egress.shape);
    const auto out = make(limited(0, kRate), links(5, 2, 0));
    EXPECT_FALSE(out.ingress.shape);
    EXPECT_TRUE(out.egress.shape);
    const auto none = make(limited(0, 0), links(5, 2, 0));
    EXPECT_FALSE(none.ingress.shape || none.egress.shape);
}

TEST(Plan, TheBurstOfEachDirectionIsItsOwn) {
    auto endpoint = limited();
    endpoint.bursts(800'000, 1'600'000);
    const auto made = make(endpoint, links(5, 2, 0));
    EXPECT_EQ(made.ingress.shape->burst, 100'000U);
    EXPECT_EQ(made.egress.shape->burst, 200'000U);
}

TEST(Plan, NamesOfIfbsFitALinkAndDifferAsTheHostIfnamesDo) {
    const auto names = [](const char* host_ifname) {
        EndpointBuilder endpoint("c1", "eth0");
        endpoint.host_ifname(host_ifname);
        const auto raw = endpoint.raw();
        return ifb_names(sdk::EndpointView(raw));
    };
    EXPECT_EQ(names("cali0123456789a").ingress.size(), 15U);
    EXPECT_NE(names("cali0123456789a").egress, names("cali0123456789b").egress);
    EXPECT_EQ(names("v1").egress, "ifbv1e");
    EXPECT_THROW((void)names(""), Error);
}

TEST(IfbAlias, ComesBackFromItsTextAsItWas) {
    const Alias alias{"c1/eth0", {12, 7}};
    EXPECT_EQ(alias.text(), "terway c1/eth0 clsact 12 7");
    const auto read = Alias::parse(alias.text());
    EXPECT_EQ(read.endpoint, "c1/eth0");
    EXPECT_TRUE(read.has(7));
    EXPECT_FALSE(read.has(1));
    EXPECT_THAT(Alias::parse((Alias{"c1/eth0", {}}).text()).hooked, IsEmpty());
}

TEST(IfbAlias, OfSomebodyElseNamesNobody) {
    for (const auto* text : {"", "mine", "terway", "other c1/eth0 clsact 12"}) {
        EXPECT_THAT(Alias::parse(text).endpoint, IsEmpty()) << text;
        EXPECT_THAT(Alias::parse(text).hooked, IsEmpty()) << text;
    }
}

TEST(Options, AModeIsOneOfFour) {
    sdk::testing::FakeHost host;
    const auto read = [&](const char* mode) {
        sdk::testing::ConfigTable table;
        if (mode != nullptr) {
            table.string("mode", mode);
        }
        const sdk::testing::FakeHost::TableView shown(host, table);
        sdk::Config config(host.api(), shown.raw());
        const auto options = read_options(config);
        config.finish();
        return options.mode;
    };
    EXPECT_EQ(read(nullptr), Mode::Auto);
    EXPECT_EQ(read("tbf"), Mode::Tbf);
    EXPECT_EQ(read("htb"), Mode::Htb);
    EXPECT_EQ(read("edt"), Mode::Edt);
    EXPECT_THROW((void)read("policer"), Error);
}

}  // namespace
}  // namespace terway::bandwidth_tc
