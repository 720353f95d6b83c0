// The cases that are known to be right, against what the resolver puts out.
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "policy/cases/evaluate.hpp"
#include "policy/cases/world.hpp"

namespace terway::policy {
namespace {

CaseFile read_cases(const std::string& file) {
    const auto name = TERWAY_TEST_DATA "/netpol/" + file;
    return read_case_file(read_file(name), name);
}

const CaseFile& cases() {
    static const auto file = read_cases("cases.json");
    return file;
}
const CaseFile& cluster_cases() {
    static const auto file = read_cases("cluster_cases.json");
    return file;
}

TEST(PolicyCases, AreAsTheirTablesSay) {
    std::size_t cells = 0;
    for (const auto& each : cases().cases) {
        const auto result = evaluate(each);
        EXPECT_EQ(result.complaint, "") << each.id;
        EXPECT_EQ(result.steps.size(), each.steps.size()) << each.id;
        for (const auto& difference : result.differences) {
            ADD_FAILURE() << each.id << ": " << difference.text();
        }
        for (const auto& step : result.steps) {
            for (const auto& [_, table] : step.tables) {
                cells += table.size() * table.size();
            }
        }
    }
    EXPECT_EQ(cases().cases.size(), 60U);
    EXPECT_GT(cells, 50'000U);
}

// Also the cells that nobody asserts.
void expect_the_very_tables(const CaseFile& file) {
    for (const auto& each : file.cases) {
        const auto result = evaluate(each);
        EXPECT_EQ(result.complaint, "") << each.id;
        ASSERT_EQ(result.steps.size(), each.steps.size()) << each.id;
        for (std::size_t step = 0; step < each.steps.size(); ++step) {
            EXPECT_EQ(result.steps[step].tables, each.steps[step].expected) << each.id;
            if (!each.steps[step].expected_services.empty()) {
                EXPECT_EQ(result.steps[step].services, each.steps[step].expected_services);
            }
        }
    }
}

TEST(PolicyCases, GiveTheVeryTablesOfTheFile) {
    expect_the_very_tables(cases());
}

TEST(PolicyCases, GiveTheVeryTablesOfTheFileOfClusterPolicies) {
    EXPECT_EQ(cluster_cases().cases.size(), 17U);
    expect_the_very_tables(cluster_cases());
}

void expect_the_same_from_the_beginning(const CaseFile& file) {
    for (const auto& each : file.cases) {
        World world(*each.cluster);
        for (const auto& step : each.steps) {
            for (const auto& action : step.actions) {
                world.apply(action);
            }
            EXPECT_EQ(world.picture().sets(), world.picture_anew().sets()) << each.id;
        }
    }
}

TEST(PolicyCases, LeaveTheResolverAsIfItHadBegunAtTheEnd) {
    expect_the_same_from_the_beginning(cases());
    expect_the_same_from_the_beginning(cluster_cases());
}

}  // namespace
}  // namespace terway::policy
