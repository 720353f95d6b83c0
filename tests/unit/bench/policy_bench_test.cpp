#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <gmock/gmock.h>

#include <array>
#include <set>

#include "netlink/socket.hpp"
#include "policy_objects.hpp"
#include "policy_rules.hpp"
#include "readings.hpp"
#include "samples.hpp"
#include "set_news.hpp"
#include "terway/error.hpp"

namespace terway::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

netlink::Message nft_message(int verb) {
    netlink::Message message((NFNL_SUBSYS_NFTABLES << 8) | verb);
    message.header(nfgenmsg{});
    return message;
}

std::vector<SetNews> read(netlink::Message& message) {
    std::vector<SetNews> all;
    read_set_news(*message.raw(), [&](SetNews news) { all.push_back(std::move(news)); });
    return all;
}

TEST(Samples, QuantileIsTheValueThatTheShareDoesNotExceed) {
    Samples samples;
    EXPECT_EQ(samples.p99(), 0);
    for (int value = 200; value > 0; --value) {
        samples.add(value);
    }
    EXPECT_EQ(samples.median(), 101);
    EXPECT_EQ(samples.p99(), 199);
    EXPECT_EQ(samples.quantile(1), 200);
}

TEST(SetNews, NamesEachElementOfASet) {
    auto message = nft_message(NFT_MSG_DELSETELEM);
    message.text(NFTA_SET_ELEM_LIST_TABLE, "terway-policy");
    message.text(NFTA_SET_ELEM_LIST_SET, "s4_a");
    const auto element = [&](std::array<std::uint8_t, 4> key) {
        message.nest(NFTA_LIST_ELEM, [&] {
            message.nest(NFTA_SET_ELEM_KEY, [&] { message.put(NFTA_DATA_VALUE, key); });
        });
    };
    message.nest(NFTA_SET_ELEM_LIST_ELEMENTS, [&] {
        element({10, 0, 0, 1});
        element({10, 0, 0, 2});
    });
    EXPECT_THAT(read(message), ElementsAre(SetNews{false, "terway-policy", "s4_a", {10, 0, 0, 1}},
                                           SetNews{false, "terway-policy", "s4_a", {10, 0, 0, 2}}));
}

TEST(SetNews, NamesTheChainOfARuleAndNothingElse) {
    auto rule = nft_message(NFT_MSG_NEWRULE);
    rule.text(NFTA_RULE_TABLE, "terway-policy");
    rule.text(NFTA_RULE_CHAIN, "pi_cali1");
    EXPECT_THAT(read(rule), ElementsAre(SetNews{true, "terway-policy", "pi_cali1", {}}));
    auto chain = nft_message(NFT_MSG_NEWCHAIN);
    chain.text(NFTA_CHAIN_TABLE, "terway-policy");
    EXPECT_THAT(read(chain), IsEmpty());
}

TEST(Readings, ProcessorTimeIsThatOfUserAndSystemWhateverTheNameHas) {
    const std::string stat =
        "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 150 50 7 7 20 0 3 0 1000 1 2";
    EXPECT_DOUBLE_EQ(cpu_seconds_of(stat), 2.0);
    EXPECT_THROW((void)cpu_seconds_of("42 (terwayd) S 1"), Error);
}

TEST(Readings, MemoryIsInMebibytes) {
    EXPECT_DOUBLE_EQ(mib_of("Name:\tx\nVmHWM:\t    4096 kB\nVmRSS:\t  2048 kB\n", "VmRSS"), 2.0);
    EXPECT_THROW((void)mib_of("Name:\tx\n", "VmRSS"), Error);
}

TEST(Readings, AMetricIsChosenByNameAndLabel) {
    const std::string page =
        "# HELP revision\nrevision{module=\"m\",of=\"want\"} 7\nrevision{module=\"m\",of=\"have\"} "
        "6\n";
    EXPECT_EQ(metric_of(page, "revision", "of=\"have\""), 6);
    EXPECT_EQ(metric_of(page, "revision", "of=\"lost\""), std::nullopt);
    EXPECT_EQ(metric_of(page, "rev", "of=\"have\""), std::nullopt);
}

TEST(PolicyObjects, AsManyPodsAreLocalAsWasAsked) {
    const PolicyScale scale{1000, 100, 200, 10};
    check_scale(scale);
    const PolicyObjects objects(scale);
    unsigned count = 0;
    for (unsigned number = 0; number < scale.pods; ++number) {
        count += objects.is_local(number) ? 1 : 0;
    }
    EXPECT_EQ(count, scale.local);
    EXPECT_FALSE(objects.is_local(scale.pods));
    const auto pod = objects.pod(objects.local(3));
    EXPECT_EQ(pod.at("spec").at("nodeName").as_string(), PolicyObjects::kNode);
}

TEST(PolicyObjects, AClusterTooSmallForWhatIsMeasuredIsRefused) {
    EXPECT_THROW(check_scale({1000, 101, 200, 10}), Error);
    EXPECT_THROW(check_scale({100, 100, 200, 10}), Error);
    EXPECT_THROW(check_scale({1000, 100, 99, 10}), Error);
}

TEST(FelixText, HasAChainForEachPolicyAndAsksTheTrafficsLast) {
    const auto text = felix_text({"x", 3, 2}, {"cali1"}, {"172.20.0.1"});
    EXPECT_THAT(text.ipset, HasSubstr("add cali40s:2 172.20.0.1\n"));
    EXPECT_THAT(text.ipset, HasSubstr("add cali40s:2 " + member_address(1) + "\n"));
    EXPECT_THAT(text.ipset, Not(HasSubstr("add cali40s:1 172.20.0.1\n")));
    EXPECT_THAT(text.iptables,
                HasSubstr("-A cali-tw-cali1 -m mark --mark 0x0/0x20000 -j cali-pi-2\n"));
    EXPECT_THAT(text.iptables, HasSubstr("-A cali-pi-2 -p udp -m set --match-set cali40s:2 src -m "
                                         "multiport --dports 5201 -j MARK"));
    EXPECT_LT(text.iptables.find("-j cali-pi-1\n"), text.iptables.find("-j cali-pi-2\n"));
}

TEST(FelixText, WithoutPoliciesEverythingIsLeftToTheProfile) {
    const auto text = felix_text({"none", 0, 0}, {"cali1"}, {});
    EXPECT_THAT(text.ipset, IsEmpty());
    EXPECT_THAT(text.iptables, Not(HasSubstr("-m set")));
    EXPECT_THAT(text.iptables, HasSubstr("-A cali-fw-cali1 -j cali-pro-default\n"));
}

}  // namespace
}  // namespace terway::bench
