#include "endpoint/names.hpp"

#include <gtest/gtest.h>

namespace terway::endpoint {
namespace {

EndpointSpec spec(const char* container, const char* ifname, const char* pod_namespace = "",
                  const char* pod = "") {
    EndpointSpec made;
    made.key = {container, ifname};
    made.pod_namespace = pod_namespace;
    made.pod_name = pod;
    return made;
}

// The digests are those of sha1sum(1).
TEST(HostIfname, IsCaliAndElevenDigitsOfTheContainerAndInterface) {
    // printf %s c1/eth0 | sha1sum
    EXPECT_EQ(host_ifname(profile::HostNames::Container, spec("c1", "eth0")), "cali9d48f381831");
}

TEST(HostIfname, HasFelixFormWithoutTheInterfaceWhenThatIsEth0) {
    // printf %s default.web-0 | sha1sum
    EXPECT_EQ(host_ifname(profile::HostNames::Felix, spec("c1", "eth0", "default", "web-0")),
              "cali0d7763386da");
    // printf %s default.web-0net1 | sha1sum
    EXPECT_EQ(host_ifname(profile::HostNames::Felix, spec("c1", "net1", "default", "web-0")),
              "calic21b18a47cf");
}

TEST(HostIfname, OfASandboxWithoutAPodIsTheContainersInEitherForm) {
    EXPECT_EQ(host_ifname(profile::HostNames::Felix, spec("c1", "eth0")),
              host_ifname(profile::HostNames::Container, spec("c1", "eth0")));
}

TEST(StickyName, IsThatOfAPodAPatternMatches) {
    const std::vector<std::string> patterns{"prod/db-*", "*/zk-[0-9]"};
    EXPECT_EQ(sticky_name(patterns, spec("c1", "eth0", "prod", "db-0")), "prod/db-0");
    EXPECT_EQ(sticky_name(patterns, spec("c1", "eth0", "any", "zk-7")), "any/zk-7");
    EXPECT_EQ(sticky_name(patterns, spec("c1", "eth0", "test", "db-0")), "");
    EXPECT_EQ(sticky_name(patterns, spec("c1", "eth0", "any", "zk-12")), "");
}

TEST(StickyName, IsEmptyForOtherLinksAndForSandboxesWithoutAPod) {
    EXPECT_EQ(sticky_name({"*/*"}, spec("c1", "net1", "prod", "db-0")), "");
    EXPECT_EQ(sticky_name({"*/*"}, spec("c1", "eth0")), "");
    EXPECT_EQ(sticky_name({}, spec("c1", "eth0", "prod", "db-0")), "");
}

}  // namespace
}  // namespace terway::endpoint
