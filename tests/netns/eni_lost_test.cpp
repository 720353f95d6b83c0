// Answers of the cloud get lost, or never come; nothing leaks and nothing is done twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud_node.hpp"

namespace terway::test {
namespace {

using sim::FaultRule;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kChanges[] = {"CreateNetworkInterface",     "AttachNetworkInterface",
                                    "AssignPrivateIpAddresses",   "AssignIpv6Addresses",
                                    "UnassignPrivateIpAddresses", "UnassignIpv6Addresses",
                                    "DetachNetworkInterface",     "DeleteNetworkInterface"};

class EniLost : public testing::TestWithParam<FaultRule::Kind> {
protected:
    // Of every action the first call is spoiled.
    void spoil_first_calls() {
        for (const auto* action : kChanges) {
            faults_[action] = cloud_.add_fault({.action = action, .kind = GetParam(), .times = 1});
        }
        faults_["Describe*"] =
            cloud_.add_fault({.action = "Describe*", .kind = GetParam(), .after = 3, .times = 1});
    }

    void expect_struck(const std::string& action) {
        EXPECT_TRUE(eventually([&] { return cloud_.struck(faults_.at(action)) == 1; },
                               std::chrono::seconds(15)))
            << action;
    }

    CloudNode cloud_{{.pool = pool(1, 2), .call_timeout = "1s"}};
    Node& node_ = cloud_.node();
    std::map<std::string, int> faults_;

    static std::string pool(int min_idle, int max_idle) {
        return "families = \"dual\"\nmax_enis = 1\nreclaim_after = \"1s\"\nmin_idle = " +
               std::to_string(min_idle) + "\nmax_idle = " + std::to_string(max_idle) + "\n";
    }
};

TEST_P(EniLost, TheFirstCallOfEveryActionDoesNoHarm) {
    spoil_first_calls();
    auto daemon = node_.start();
    EXPECT_EQ(cloud_.agreed(), "");
    EXPECT_THAT(cloud_.enis(), SizeIs(1));
    std::vector<std::unique_ptr<Sandbox>> pods;
    std::set<IpAddress> given;
    for (int i = 0; i < 4; ++i) {
        const auto name = "p" + std::to_string(i);
        pods.push_back(node_.sandbox(name));
        const auto added = node_.add(name, *pods.back());
        ASSERT_TRUE(added.ok()) << added.out;
        for (const auto& address : added.addresses()) {
            EXPECT_TRUE(given.insert(address).second) << address.text() << " given twice";
            EXPECT_TRUE(cloud_.talks(*pods.back(), address));
        }
    }
    expect_struck("AssignPrivateIpAddresses");
    expect_struck("AssignIpv6Addresses");
    EXPECT_EQ(cloud_.agreed(), "") << daemon->log();
    for (int i = 1; i < 4; ++i) {
        EXPECT_TRUE(node_.del("p" + std::to_string(i), *pods[static_cast<std::size_t>(i)]).ok());
    }
    expect_struck("UnassignPrivateIpAddresses");
    if (GetParam() == FaultRule::Kind::Lost) {
        // The IPv4 addresses are gone all the same: there is no surplus left.
        faults_.erase("UnassignIpv6Addresses");
    } else {
        expect_struck("UnassignIpv6Addresses");
    }
    EXPECT_EQ(cloud_.agreed(), "") << daemon->log();
    EXPECT_TRUE(cloud_.talks(*pods[0], *given.begin()) || cloud_.talks(*pods[0], *given.rbegin()));
    EXPECT_TRUE(node_.del("p0", *pods[0]).ok());
    EXPECT_EQ(daemon->stop(), 0);

    cloud_.set_pool(pool(0, 0));
    daemon = node_.start();
    EXPECT_TRUE(eventually([&] { return cloud_.enis().empty(); }, std::chrono::seconds(15)))
        << daemon->log();
    EXPECT_EQ(cloud_.agreed(), "") << daemon->log();
    for (const auto& [action, fault] : faults_) {
        EXPECT_EQ(cloud_.struck(fault), 1U) << action;
    }
    EXPECT_EQ(daemon->stop(), 0);
}

INSTANTIATE_TEST_SUITE_P(WhenItIs, EniLost,
                         testing::Values(FaultRule::Kind::Lost, FaultRule::Kind::Cut,
                                         FaultRule::Kind::Hang, FaultRule::Kind::Html),
                         [](const auto& kind) { return FaultRule::name_of(kind.param); });

}  // namespace
}  // namespace terway::test
