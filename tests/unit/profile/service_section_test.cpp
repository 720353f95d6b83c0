#include <gtest/gtest.h>

#include "profile/profile.hpp"

namespace terway::profile {
namespace {

std::optional<Profile> read(const std::string& section, std::string* complaints = nullptr) {
    Diagnostics diagnostics("p.toml");
    auto profile = parse("profile = \"p\"\n[chain]\ndataplane = \"veth\"\n" + section, diagnostics);
    if (complaints != nullptr) {
        *complaints = diagnostics.print();
    }
    return profile;
}

TEST(ServiceSection, LeavesServicesToKubeProxyUnlessItSaysOtherwise) {
    EXPECT_EQ(read("").value().service.by, ServiceBy::KubeProxy);
    EXPECT_EQ(read("[service]\nby = \"kube-proxy\"\n").value().service.by, ServiceBy::KubeProxy);
    const auto said = read("[service]\nby = \"module\"\n").value();
    EXPECT_EQ(said.service.by, ServiceBy::Module);
    EXPECT_EQ(said.service.place.line, 5U);
}

TEST(ServiceSection, RefusesWhatItDoesNotKnow) {
    std::string complaints;
    EXPECT_FALSE(read("[service]\nby = \"ipvs\"\n", &complaints));
    EXPECT_EQ(complaints, "p.toml:5:6: error: by must be \"kube-proxy\" or \"module\"\n");
    EXPECT_FALSE(read("[service]\nfor = \"module\"\n"));
}

}  // namespace
}  // namespace terway::profile
