// What the daemon does not start with, and what it refuses while it runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "kernel.hpp"
#include "node.hpp"

namespace terway::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

constexpr uid_t kNobody = 65534;

class DaemonRefusal : public testing::Test {
protected:
    // Starts a daemon that must end by itself with this exit status; its log.
    std::string expect_refusal(ExitCode exit) {
        const auto daemon = node_.launch();
        EXPECT_FALSE(daemon->serves());
        EXPECT_EQ(daemon->wait(), exit) << daemon->log();
        return daemon->log();
    }

    // "file:line:column" of a key of the profile.
    [[nodiscard]] std::string place_of(const std::string& key, int column) const {
        std::ifstream in(node_.profile());
        int number = 1;
        for (std::string line; std::getline(in, line) && !line.starts_with(key + " ="); ++number) {
        }
        return node_.profile() + ":" + std::to_string(number) + ":" + std::to_string(column);
    }

    Node node_;
};

TEST_F(DaemonRefusal, AStateDirectoryThatCanNotBe) {
    std::ofstream(node_.state()) << "a file";
    EXPECT_THAT(expect_refusal(1), AllOf(HasSubstr(node_.state()), HasSubstr("Not a directory"),
                                         HasSubstr("remove what is in its place")));
    fs::remove(node_.state());
    fs::create_directory(node_.state());
    ::chmod(node_.state().c_str(), 0755);
    EXPECT_THAT(expect_refusal(1), AllOf(HasSubstr("open to others"), HasSubstr("chmod")));
    ::chmod(node_.state().c_str(), 0700);
    const auto daemon = node_.start();
    EXPECT_EQ(daemon->stop(), 0);
}

TEST_F(DaemonRefusal, ADatabaseOfSomebodyElse) {
    fs::create_directory(node_.state());
    ::chmod(node_.state().c_str(), 0700);
    const std::string content(4096, 'x');
    std::ofstream(node_.state() + "/terway.db") << content;
    EXPECT_THAT(expect_refusal(1), HasSubstr(node_.state() + "/terway.db"));
    std::ifstream in(node_.state() + "/terway.db");
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), content) << "and is left alone";
}

TEST_F(DaemonRefusal, ASecondDaemonOnTheSameState) {
    const auto first = node_.start();
    const auto second = node_.run_daemon({"--profile", node_.profile()});
    EXPECT_EQ(second.exit, 1);
    EXPECT_THAT(second.err, HasSubstr("in use by process " + std::to_string(first->pid())));
    EXPECT_TRUE(node_.status().ok()) << "the first one is not disturbed";
}

TEST_F(DaemonRefusal, ASecondDaemonOnTheSameSocket) {
    const auto first = node_.start();
    std::ifstream in(node_.profile());
    std::string text(std::istreambuf_iterator<char>(in), {});
    text.replace(text.find(node_.state()), node_.state().size(), node_.files() / "other-state");
    const auto other = node_.files() / "other.toml";
    std::ofstream(other) << text;
    const auto second = node_.run_daemon({"--profile", other});
    EXPECT_NE(second.exit, 0);
    EXPECT_THAT(second.err, AllOf(HasSubstr(node_.socket()), HasSubstr("another daemon listens")));
    EXPECT_TRUE(node_.status().ok()) << "the first one keeps its socket";
}

TEST_F(DaemonRefusal, AUserWhoIsNotRoot) {
    const auto checked = node_.run_daemon({"--check-config", node_.profile()});
    EXPECT_EQ(checked.exit, 0) << checked.err;
    ::chmod(node_.files().path().c_str(), 0711);
    ::chmod(node_.profile().c_str(), 0644);
    const auto refused = node_.run_daemon({"--profile", node_.profile()}, kNobody);
    EXPECT_EQ(refused.exit, 3) << refused.err;
    EXPECT_THAT(refused.err, HasSubstr("needs root"));
}

TEST_F(DaemonRefusal, ANodeThatDoesNotForwardIsToldWhatToSet) {
    node_.shell("sysctl -qw net.ipv4.ip_forward=0");
    const auto log = expect_refusal(3);
    EXPECT_THAT(log, AllOf(HasSubstr("need"), HasSubstr("found"), HasSubstr("fix")));
    const auto row = log.substr(log.find("NO "));
    EXPECT_THAT(row.substr(0, row.find('\n')),
                AllOf(HasSubstr("sysctl:net.ipv4.ip_forward=1"), HasSubstr(" 0 "),
                      HasSubstr("sysctl -w net.ipv4.ip_forward=1")));
    EXPECT_THAT(log, HasSubstr("this node lacks what the profile needs"));
    EXPECT_EQ(node_.run_daemon({"--preflight", "--profile", node_.profile()}).exit, 3);
    node_.shell("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=0");
    EXPECT_THAT(expect_refusal(1), HasSubstr("sysctl -w net.ipv6.conf.all.forwarding=1"));
    node_.shell("sysctl -qw net.ipv6.conf.all.forwarding=1");
    EXPECT_EQ(node_.run_daemon({"--preflight", "--profile", node_.profile()}).exit, 0);
    EXPECT_TRUE(node_.start()->logged("serving"));
}

TEST_F(DaemonRefusal, AProfileWithMistakesNamesEveryPlace) {
    node_.settings().daemon = "add_lane = 0\nad_lane = 2";
    node_.settings().veth = "mtu = 12";
    auto log = expect_refusal(2);
    EXPECT_THAT(log, HasSubstr(place_of("add_lane", 12) + ": error: add_lane must lie between"));
    EXPECT_THAT(log, HasSubstr(place_of("ad_lane", 1) + ": error: unknown key \"ad_lane\""));
    node_.settings().daemon = "";
    log = expect_refusal(2);
    EXPECT_THAT(log, HasSubstr(place_of("mtu", 7) + ": error: mtu must lie between"));
    node_.settings().veth = "";
    node_.settings().chain = "policy = \"there-is-none\"";
    log = expect_refusal(2);
    EXPECT_THAT(log, HasSubstr(place_of("policy", 10) + ": error: module there-is-none"));
    EXPECT_EQ(node_.run_daemon({"--preflight", "--profile", node_.profile()}).exit, 2);
    EXPECT_EQ(node_.run_daemon({"--check-config", node_.profile()}).exit, 2);
    node_.settings().chain = "";
    node_.settings().pod_cidrs = {};
    EXPECT_THAT(expect_refusal(2), HasSubstr("no pod CIDR"));
}

TEST_F(DaemonRefusal, AnExhaustedPoolNamesItsNumbersAndStatusSaysSo) {
    node_.settings().pod_cidrs = {"172.20.1.0/30"};
    node_.settings().cool_down = "1h";
    const auto daemon = node_.start();
    const auto a = node_.sandbox("a");
    const auto b = node_.sandbox("b");
    const auto c = node_.sandbox("c");
    ASSERT_TRUE(node_.add("a", *a).ok());
    ASSERT_TRUE(node_.add("b", *b).ok());
    ASSERT_TRUE(node_.del("b", *b).ok());
    const auto refused = node_.add("c", *c);
    EXPECT_EQ(refused.code(), 11) << refused.out;
    EXPECT_THAT(refused.message(),
                AllOf(HasSubstr("172.20.1.0/30"), HasSubstr("1 in use"), HasSubstr("1 cooling")));
    const auto status = node_.status();
    EXPECT_EQ(status.code(), 50) << status.out;
    EXPECT_THAT(status.message(), HasSubstr("172.20.1.0/30"));
    EXPECT_EQ(node_.ctl({"status"}).exit, 3);
    EXPECT_THAT(node_.http("/healthz"), HasSubstr("503"));
    EXPECT_EQ(settled(node_), "");
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
}

}  // namespace
}  // namespace terway::test
