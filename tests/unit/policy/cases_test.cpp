// The cases that are known to be right, against what the resolver puts out.
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "policy/cases/evaluate.hpp"
#include "policy/cases/world.hpp"

namespace terway::policy {
namespace {

const CaseFile& cases() {
    static const CaseFile file = [] {
        const std::string name = TERWAY_TEST_DATA "/netpol/cases.json";
        return read_case_file(read_file(name), name);
    }();
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
TEST(PolicyCases, GiveTheVeryTablesOfTheFile) {
    for (const auto& each : cases().cases) {
        const auto result = evaluate(each);
        for (std::size_t step = 0; step < each.steps.size(); ++step) {
            EXPECT_EQ(result.steps[step].tables, each.steps[step].expected) << each.id;
            if (!each.steps[step].expected_services.empty()) {
                EXPECT_EQ(result.steps[step].services, each.steps[step].expected_services);
            }
        }
    }
}

TEST(PolicyCases, LeaveTheResolverAsIfItHadBegunAtTheEnd) {
    for (const auto& each : cases().cases) {
        World world(*each.cluster);
        for (const auto& step : each.steps) {
            for (const auto& action : step.actions) {
                world.apply(action);
            }
            EXPECT_EQ(world.picture().sets(), world.picture_anew().sets()) << each.id;
        }
    }
}

}  // namespace
}  // namespace terway::policy
