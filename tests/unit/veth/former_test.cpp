#include "former.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "options.hpp"

namespace terway::veth {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(VethFormer, TheMasqueradeIsRepeatedAsItStandsInTheKernel) {
    const auto text = masquerade_of_listing(
        "table inet terway-veth {\n\tchain postrouting {\n"
        "\t\ttype nat hook postrouting priority srcnat; policy accept;\n"
        "\t\tip saddr 172.20.1.0/24 ip daddr != { 10.0.0.0/8, 172.20.0.0/16,\n"
        "\t\t\t\t 192.168.0.0/16 } masquerade fully-random\n"
        "\t\tip6 saddr fd00:20:1::/64 masquerade fully-random\n\t}\n}\n");
    EXPECT_EQ(text,
              "add chain inet terway-veth postrouting { type nat hook postrouting priority "
              "srcnat; }\n"
              "flush chain inet terway-veth postrouting\n"
              "add rule inet terway-veth postrouting ip saddr 172.20.1.0/24 ip daddr != { "
              "10.0.0.0/8, 172.20.0.0/16, \t\t\t\t 192.168.0.0/16 } masquerade fully-random\n"
              "add rule inet terway-veth postrouting ip6 saddr fd00:20:1::/64 masquerade "
              "fully-random\n");
}

TEST(VethFormer, AChainWithoutAMasqueradeIsNone) {
    EXPECT_THAT(masquerade_of_listing(""), IsEmpty());
    EXPECT_THAT(masquerade_of_listing("table inet terway-veth {\n\tchain postrouting {\n"
                                      "\t\ttype nat hook postrouting priority srcnat;\n\t}\n}\n"),
                IsEmpty());
}

TEST(VethMode, DecidesWhichNewPodsMayCome) {
    EXPECT_THAT(refusal(Mode::VpcRoute, false), IsEmpty());
    EXPECT_THAT(refusal(Mode::SecondaryIp, true), IsEmpty());
    EXPECT_THAT(refusal(Mode::PerPod, true), IsEmpty());
    EXPECT_THAT(refusal(Mode::PerPod, false), IsEmpty());
    EXPECT_THAT(refusal(Mode::VpcRoute, true), HasSubstr("belong to an ENI"));
    EXPECT_THAT(refusal(Mode::SecondaryIp, false), HasSubstr("belong to no ENI"));
}

}  // namespace
}  // namespace terway::veth
