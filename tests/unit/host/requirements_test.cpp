#include "host/requirements.hpp"

#include <dirent.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/netns.hpp"
#include "netlink/link.hpp"

namespace terway::host {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

RequirementResult evaluate_one(const std::string& need) {
    const std::vector<std::string> needs{need};
    auto results = evaluate(needs);
    EXPECT_EQ(results.size(), 1U);
    EXPECT_EQ(results.at(0).need, need);
    return results.at(0);
}

void expect_met(const std::string& need) {
    const auto result = evaluate_one(need);
    EXPECT_TRUE(result.met) << need << ": " << result.found;
    EXPECT_THAT(result.found, Not(IsEmpty())) << need;
    EXPECT_THAT(result.fix, IsEmpty()) << need;
}

void expect_unmet(const std::string& need, const std::string& found, const std::string& fix) {
    const auto result = evaluate_one(need);
    EXPECT_FALSE(result.met) << need;
    EXPECT_THAT(result.found, HasSubstr(found)) << need;
    EXPECT_THAT(result.fix, HasSubstr(fix)) << need;
}

TEST(Requirements, CompareTheKernelsReleaseNumberByNumber) {
    utsname system{};
    ASSERT_EQ(::uname(&system), 0);
    EXPECT_EQ(evaluate_one("kernel>=4.19").found, std::data(system.release));
    expect_met("kernel>=4.19");
    expect_met("kernel>=3");
    expect_unmet("kernel>=4000.1", std::data(system.release),
                 "boot a kernel of version 4000.1 or newer");
}

TEST(Requirements, StatementsAboutOtherModulesAskNothingOfTheNode) {
    const std::vector<std::string> all{"offers:host-link", "kernel>=3", "needs:pod-link",
                                       "offers:pod-link"};
    const auto results = evaluate(all);
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(results.front().need, "kernel>=3");
    EXPECT_THAT(stated(all, "offers"), testing::ElementsAre("host-link", "pod-link"));
    EXPECT_THAT(stated(all, "needs"), testing::ElementsAre("pod-link"));
    expect_unmet("offers:", "does not know", "newer");
    expect_unmet("needs", "does not know", "newer");
}

TEST(Requirements, MayBeNeedsThatHoldForOneSettingOnly) {
    const std::vector<std::string> all{"needs:pod-link", "needs:host-link if backend=external"};
    EXPECT_TRUE(evaluate(all).empty());
    EXPECT_THAT(stated_needs(all), testing::ElementsAre(Need{"pod-link", "", ""},
                                                        Need{"host-link", "backend", "external"}));
    expect_unmet("needs:host-link if backend", "does not know", "newer");
    expect_unmet("needs: if backend=external", "does not know", "newer");
}

TEST(Requirements, ReallyCreateALink) {
    expect_met("netdev:veth");
    expect_met("netdev:bridge");
    expect_unmet("netdev:nosuchkind", "Unknown device type", "modprobe nosuchkind");
}

TEST(Requirements, ReallyAttachAQdisc) {
    expect_met("qdisc:clsact");
    expect_met("qdisc:tbf");
    expect_met("qdisc:htb");
    expect_unmet("qdisc:nosuchqdisc", "refused: No such file or directory",
                 "modprobe sch_nosuchqdisc");
}

TEST(Requirements, ReallyCreateAnNftablesTable) {
    expect_met("nft:inet");
    expect_unmet("nft:ipx", "unknown nftables family", "nftables for ipx");
}

TEST(Requirements, ReallyLoadABpfProgram) {
    expect_met("bpf:sched_cls");
    expect_unmet("bpf:nosuchtype", "unknown BPF program type", "CONFIG_BPF_SYSCALL");
}

TEST(Requirements, ReadASysctlAndTellHowToSetIt) {
    const auto current = evaluate_one("sysctl:net.ipv4.ip_forward=7");
    EXPECT_FALSE(current.met);
    EXPECT_THAT(current.fix, HasSubstr("sysctl -w net.ipv4.ip_forward=7"));
    expect_met("sysctl:net.ipv4.ip_forward=" + current.found);
    expect_met("sysctl:net/ipv4/ip_forward=" + current.found);
    expect_unmet("sysctl:net.nosuch.thing=1", "no such sysctl", "boot a kernel");
    expect_unmet("sysctl:../../etc/passwd=1", "does not know", "newer terwayd");
}

TEST(Requirements, LookForAToolInThePath) {
    EXPECT_THAT(evaluate_one("tool:sh").found, HasSubstr("/sh"));
    expect_met("tool:sh");
    expect_unmet("tool:no-such-tool", "not in PATH", "install no-such-tool");
    expect_unmet("tool:../sh", "does not know", "newer terwayd");
}

TEST(Requirements, LookForACapability) {
    expect_met("cap:net_admin");
    expect_unmet("cap:fly", "does not know", "newer terwayd");
}

TEST(Requirements, OfWholeEnisAreAStatementAndAskNothing) {
    const std::vector<std::string> needs{"eni:exclusive"};
    EXPECT_TRUE(evaluate(needs).empty());
    EXPECT_THAT(stated(needs, "eni"), testing::ElementsAre("exclusive"));
    expect_unmet("eni:shared", "does not know", "newer terwayd");
}

TEST(Requirements, NobodyHasHeardOfAreUnmet) {
    for (const char* need : {"", "kernel", "kernel>=", "kernel>=x", "kernel<5", "netdev", "netdev:",
                             "phase:full-moon", "sysctl:net.ipv4.ip_forward", "sysctl:=1"}) {
        expect_unmet(need, "this terwayd does not know such a requirement", "newer terwayd");
    }
}

TEST(Requirements, KeepTheirOrder) {
    const std::vector<std::string> needs{"tool:sh", "netdev:veth", "tool:no-such-tool"};
    const auto results = evaluate(needs);
    ASSERT_EQ(results.size(), 3U);
    EXPECT_EQ(results[0].need, "tool:sh");
    EXPECT_EQ(results[2].need, "tool:no-such-tool");
}

TEST(Requirements, LeaveNothingBehind) {
    const auto descriptors = [] {
        return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
    };
    const auto links = [] {
        netlink::Socket socket;
        return netlink::links(socket).size();
    };
    const auto home = current_netns_inode();
    const auto links_before = links();
    expect_met("netdev:veth");
    const auto descriptors_before = descriptors();
    const std::vector<std::string> needs{"netdev:veth", "netdev:ipvlan", "qdisc:clsact",
                                         "nft:inet",    "bpf:sched_cls", "netdev:nosuchkind"};
    static_cast<void>(evaluate(needs));
    EXPECT_EQ(descriptors(), descriptors_before);
    EXPECT_EQ(links(), links_before);
    EXPECT_EQ(current_netns_inode(), home);
}

}  // namespace
}  // namespace terway::host
