#include <gtest/gtest.h>

#include "profile/profile.hpp"

namespace terway::profile {
namespace {

using namespace std::chrono_literals;

std::optional<Profile> read(const std::string& policy, std::string* complaints = nullptr) {
    Diagnostics diagnostics("p.toml");
    auto profile = parse("profile = \"p\"\n[chain]\ndataplane = \"veth\"\n" + policy, diagnostics);
    if (complaints != nullptr) {
        *complaints = diagnostics.print();
    }
    return profile;
}

TEST(PolicySection, DeniesUnlessItSaysOtherwise) {
    const auto plain = read("").value();
    EXPECT_EQ(plain.policy.startup, PolicyStartup::Deny);
    EXPECT_EQ(plain.policy.startup_deadline, 10s);
    EXPECT_FALSE(plain.policy.cluster_policies);
    EXPECT_FALSE(plain.has_policies());
    const auto said =
        read("policy = \"nft\"\n[policy]\nstartup = \"allow\"\nstartup_deadline = \"3s\"\n")
            .value();
    EXPECT_EQ(said.policy.startup, PolicyStartup::Allow);
    EXPECT_EQ(said.policy.startup_deadline, 3s);
    EXPECT_TRUE(said.has_policies());
}

TEST(PolicySection, ClusterPoliciesAreWatchedIfItSaysSo) {
    EXPECT_TRUE(read("[policy]\ncluster_policies = true\n").value().policy.cluster_policies);
    EXPECT_FALSE(read("[policy]\ncluster_policies = false\n").value().policy.cluster_policies);
    EXPECT_FALSE(read("[policy]\ncluster_policies = \"yes\"\n"));
}

TEST(PolicySection, RefusesWhatItDoesNotKnow) {
    std::string complaints;
    EXPECT_FALSE(read("[policy]\nstartup = \"open\"\n", &complaints));
    EXPECT_NE(complaints.find("p.toml:5:"), std::string::npos) << complaints;
    EXPECT_FALSE(read("[policy]\nstartup_deadline = \"2m\"\n"));
    EXPECT_FALSE(read("[policy]\nstart = \"deny\"\n"));
}

}  // namespace
}  // namespace terway::profile
