#include "options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "terway/testing/config_table.hpp"
#include "terway/testing/host.hpp"

namespace terway::ipvlan {
namespace {

using sdk::testing::ConfigTable;
using sdk::testing::FakeHost;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Reading {
    Options options;
    std::vector<std::string> complaints;
};

Reading read(const ConfigTable& table) {
    FakeHost host;
    const FakeHost::TableView view(host, table);
    sdk::Config config(host.api(), view.raw());
    Reading reading{read_options(config), {}};
    for (const auto& complaint : host.complaints()) {
        reading.complaints.push_back(complaint.text);
    }
    return reading;
}

TEST(IpvlanOptions, NothingIsSteeredUnlessItIsNamed) {
    const auto reading = read({});
    EXPECT_THAT(reading.complaints, IsEmpty());
    EXPECT_THAT(reading.options.service_cidrs, IsEmpty());
    EXPECT_THAT(reading.options.host_stack_cidrs, IsEmpty());
    EXPECT_TRUE(reading.options.masquerade);
    EXPECT_EQ(reading.options.mtu, 0U);
}

TEST(IpvlanOptions, CidrsOfBothFamiliesAreTaken) {
    ConfigTable table;
    table.strings("service_cidrs", {"172.21.0.0/16", "fd00:21::/112"});
    const auto reading = read(table);
    EXPECT_THAT(reading.complaints, IsEmpty());
    EXPECT_EQ(reading.options.service_cidrs.size(), 2U);
}

TEST(IpvlanOptions, WhatIsNoNetworkIsComplainedAboutByKeyAndValue) {
    ConfigTable table;
    table.strings("service_cidrs", {"172.21.0.0", "172.21.0.1/16", "0.0.0.0/0"});
    table.strings("host_stack_cidrs", {"169.254.20.10/32", "169.254.20.10/32"});
    EXPECT_THAT(read(table).complaints,
                ElementsAre(HasSubstr("service_cidrs: \"172.21.0.0\" is no prefix"),
                            HasSubstr("172.21.0.0/16 has not"), HasSubstr("is everything"),
                            HasSubstr("host_stack_cidrs: \"169.254.20.10/32\" is there twice")));
}

}  // namespace
}  // namespace terway::ipvlan
