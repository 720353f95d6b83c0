// The cases of tests/data/netpol with real packets.
#include <gtest/gtest.h>

#include <tuple>

#include "base/file.hpp"
#include "policy_player.hpp"

namespace terway::test {
namespace {

const policy::CaseFile& file() {
    static const auto kFile = policy::read_case_file(read_file(TERWAY_CASES), TERWAY_CASES);
    return kFile;
}

class PolicyCases : public testing::TestWithParam<std::tuple<PolicyModule, std::string>> {};

// All cases that begin with the same cluster, on the same nodes.
TEST_P(PolicyCases, AreAsRealPacketsFindThem) {
    const auto& [module, name] = GetParam();
    const auto& cluster = file().clusters.at(name);
    CasePlayer player(cluster, parse_dataplane(TERWAY_DATAPLANE).value(), module);
    for (const auto& each : file().cases) {
        if (each.cluster != &cluster) {
            continue;
        }
        SCOPED_TRACE(each.id);
        const auto played = player.play(each);
        EXPECT_EQ(played.result.complaint, "");
        EXPECT_EQ(played.not_sent, 0U);
        EXPECT_GT(played.sent, 0U);
        for (const auto& cell : played.differing) {
            if (!cell.is_forgiven()) {
                ADD_FAILURE() << cell.text();
            }
        }
    }
}

std::vector<std::string> clusters() {
    std::vector<std::string> names;
    for (const auto& [name, _] : file().clusters) {
        names.push_back(name);
    }
    return names;
}

INSTANTIATE_TEST_SUITE_P(All, PolicyCases,
                         testing::Combine(testing::Values(PolicyModule::Felix, PolicyModule::Bpf),
                                          testing::ValuesIn(clusters())),
                         [](const auto& each) {
                             return name_of(std::get<0>(each.param)) + "_" +
                                    std::get<1>(each.param);
                         });

}  // namespace
}  // namespace terway::test
