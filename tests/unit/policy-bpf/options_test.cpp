#include "options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "terway/error.hpp"
#include "terway/testing/config_table.hpp"
#include "terway/testing/host.hpp"

namespace terway::policy_bpf {
namespace {

using sdk::testing::ConfigTable;
using sdk::testing::FakeHost;
using testing::AllOf;
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

TEST(PolicyBpfOptions, NothingNeedsToBeSaid) {
    const auto reading = read({});
    EXPECT_THAT(reading.complaints, IsEmpty());
    EXPECT_EQ(reading.options, Options());
}

TEST(PolicyBpfOptions, EachKeyIsTaken) {
    const auto reading = read(ConfigTable()
                                  .string("pod_to_node", "allow")
                                  .string("established", "keep")
                                  .string("bpffs", "/run/bpf")
                                  .integer("max_connections", 2'000)
                                  .integer("max_addresses", 3'000)
                                  .integer("max_blocks", 4'000)
                                  .integer("max_rules", 5'000));
    EXPECT_THAT(reading.complaints, IsEmpty());
    EXPECT_FALSE(reading.options.asks_for_node);
    EXPECT_FALSE(reading.options.cuts_established);
    EXPECT_EQ(reading.options.bpffs, "/run/bpf");
    EXPECT_EQ(reading.options.connections, 2'000U);
    EXPECT_EQ(reading.options.members, 3'000U);
    EXPECT_EQ(reading.options.blocks, 4'000U);
    EXPECT_EQ(reading.options.rules, 5'000U);
}

TEST(PolicyBpfOptions, AWordThatIsNoChoiceIsComplainedAboutWithTheChoices) {
    EXPECT_THAT(
        read(ConfigTable().string("pod_to_node", "sometimes")).complaints,
        ElementsAre(AllOf(HasSubstr("pod_to_node"), HasSubstr("policy"), HasSubstr("allow"))));
    EXPECT_THAT(read(ConfigTable().string("established", "forget")).complaints,
                ElementsAre(AllOf(HasSubstr("established"), HasSubstr("cut"), HasSubstr("keep"))));
}

TEST(PolicyBpfOptions, ASizeOutOfBoundsIsComplainedAboutWithTheBounds) {
    for (const auto* const key : {"max_connections", "max_addresses", "max_blocks", "max_rules"}) {
        for (const std::int64_t size : {-1L, 0L, 1'023L, 16'777'217L, 1L << 32U}) {
            EXPECT_THAT(
                read(ConfigTable().integer(key, size)).complaints,
                ElementsAre(AllOf(HasSubstr(key), HasSubstr("1024"), HasSubstr("16777216"))))
                << size;
        }
        for (const std::int64_t size : {1'024L, 16'777'216L}) {
            EXPECT_THAT(read(ConfigTable().integer(key, size)).complaints, IsEmpty()) << size;
        }
    }
}

TEST(PolicyBpfOptions, AnotherTypeIsComplainedAbout) {
    EXPECT_THAT(read(ConfigTable().string("max_rules", "many")).complaints,
                ElementsAre(HasSubstr("max_rules")));
    EXPECT_THAT(read(ConfigTable().boolean("established", true)).complaints,
                ElementsAre(HasSubstr("established")));
    EXPECT_THAT(read(ConfigTable().integer("bpffs", 1)).complaints,
                ElementsAre(HasSubstr("bpffs")));
}

TEST(PolicyBpfOptions, PinsStandAtAnAbsolutePath) {
    for (const auto* const path : {"", "sys/fs/bpf", "./bpf"}) {
        try {
            (void)read(ConfigTable().string("bpffs", path));
            ADD_FAILURE() << path;
        } catch (const Error& error) {
            EXPECT_EQ(error.status(), Status::Invalid);
            EXPECT_THAT(error.what(), HasSubstr("bpffs must be an absolute path"));
        }
    }
}

}  // namespace
}  // namespace terway::policy_bpf
