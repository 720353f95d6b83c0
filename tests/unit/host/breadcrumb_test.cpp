#include "host/breadcrumb.hpp"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.hpp"

namespace terway::host {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;
using testing::MatchesRegex;

class BreadcrumbTest : public testing::Test {
protected:
    BreadcrumbTest() { ::unlink(path_.c_str()); }
    ~BreadcrumbTest() override { ::unlink(path_.c_str()); }

    // A crash file with these lines, read at second 10000.
    Breadcrumbs read(const std::string& lines) {
        write_file_durably(path_, lines);
        return Breadcrumbs::open(path_, system_clock::time_point(seconds(10000)));
    }

    const std::string path_ =
        testing::TempDir() + "terway-breadcrumbs-" + std::to_string(::getpid());
};
using BreadcrumbDeathTest = BreadcrumbTest;

TEST_F(BreadcrumbDeathTest, NamesTheModuleAtWorkWhenTheProcessCrashes) {
    for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL}) {
        EXPECT_EXIT(
            {
                const auto breadcrumbs = Breadcrumbs::open(path_);
                install_crash_handler(breadcrumbs.fd());
                const BreadcrumbScope scope("veth", "dataplane.attach", "a1b2/eth0");
                static_cast<void>(::raise(signal));
            },
            testing::KilledBySignal(signal),
            "^terway: crashed: [0-9]+ " + std::to_string(signal) +
                " veth dataplane.attach a1b2/eth0\n");
    }
    EXPECT_THAT(read_file(path_),
                MatchesRegex("([0-9]+ [0-9]+ veth dataplane.attach a1b2/eth0\n){5}"));
}

TEST_F(BreadcrumbDeathTest, SaysThatNoModuleWasAtWork) {
    EXPECT_EXIT(
        {
            const auto breadcrumbs = Breadcrumbs::open(path_);
            install_crash_handler(breadcrumbs.fd());
            { const BreadcrumbScope scope("veth", "dataplane.attach", "a1b2/eth0"); }
            std::abort();
        },
        testing::KilledBySignal(SIGABRT), "^terway: crashed: [0-9]+ 6 - - -\n");
    EXPECT_THAT(read_file(path_), MatchesRegex("[0-9]+ 6 - - -\n"));
}

TEST_F(BreadcrumbDeathTest, MakesOneLineOfAnyKey) {
    EXPECT_EXIT(
        {
            const auto breadcrumbs = Breadcrumbs::open(path_);
            install_crash_handler(breadcrumbs.fd());
            const BreadcrumbScope scope("veth", "policy.apply", "a b\nc" + std::string(1000, 'x'));
            static_cast<void>(::raise(SIGSEGV));
        },
        testing::KilledBySignal(SIGSEGV), "");
    EXPECT_THAT(read_file(path_), MatchesRegex("[0-9]+ 11 veth policy.apply a\\?b\\?cx{123}\n"));
}

TEST_F(BreadcrumbTest, RemembersNothingOfAFreshFile) {
    const auto breadcrumbs = Breadcrumbs::open(path_);
    EXPECT_FALSE(breadcrumbs.repeats("veth", "dataplane.attach", "a1b2/eth0"));
    EXPECT_EQ(::access(path_.c_str(), F_OK), 0);
}

TEST_F(BreadcrumbTest, AccusesWhatCrashedThreeTimesRunning) {
    const auto breadcrumbs = read(
        "9000 11 ipvlan dataplane.attach z/eth0\n9100 11 veth dataplane.attach a b/eth0\n"
        "9200 6 veth dataplane.attach a b/eth0\n9300 11 veth dataplane.attach a b/eth0\n");
    EXPECT_FALSE(breadcrumbs.repeats("veth", "dataplane.attach", "c/eth0"));
    EXPECT_FALSE(breadcrumbs.repeats("veth", "dataplane.detach", "a b/eth0"));
    EXPECT_FALSE(breadcrumbs.repeats("ipvlan", "dataplane.attach", "a b/eth0"));
    const auto clean = read(
        "9100 11 veth dataplane.attach a?b/eth0\n9200 6 veth dataplane.attach a?b/eth0\n"
        "9300 11 veth dataplane.attach a?b/eth0\n");
    EXPECT_TRUE(clean.repeats("veth", "dataplane.attach", "a b/eth0"));
}

TEST_F(BreadcrumbTest, AccusesNobodyForTwoCrashesOrForThreeThatAreNotRunning) {
    EXPECT_FALSE(read("9100 11 veth v k\n9200 11 veth v k\n").repeats("veth", "v", "k"));
    EXPECT_FALSE(read("9100 11 veth v k\n9150 11 - - -\n9200 11 veth v k\n9300 11 veth v k\n")
                     .repeats("veth", "v", "k"));
    EXPECT_FALSE(read("9100 11 veth v k\n9200 11 veth v k\n9300 11 veth v k\n9400 11 - - -\n")
                     .repeats("veth", "v", "k"));
}

TEST_F(BreadcrumbTest, ForgetsCrashesOfMoreThanAnHourAgo) {
    EXPECT_TRUE(
        read("6400 11 veth v k\n6500 11 veth v k\n6600 11 veth v k\n").repeats("veth", "v", "k"));
    EXPECT_FALSE(
        read("6399 11 veth v k\n6500 11 veth v k\n6600 11 veth v k\n").repeats("veth", "v", "k"));
}

TEST_F(BreadcrumbTest, IsNotConfusedByRubbish) {
    EXPECT_TRUE(read("\n\nrubbish\n12\n9100 11 veth v k\n9200 11 veth v k\n9300 11 veth v k\nx")
                    .repeats("veth", "v", "k"));
    EXPECT_FALSE(read(std::string("\0\0\0 \n", 5)).repeats("", "", ""));
}

TEST_F(BreadcrumbTest, CutsAFileThatHasGrownDownToItsLastLines) {
    std::string lines;
    while (lines.size() < 100'000) {
        lines += "100 11 veth v other\n";
    }
    lines += "9100 11 veth v k\n9200 11 veth v k\n9300 11 veth v k\n";
    EXPECT_TRUE(read(lines).repeats("veth", "v", "k"));
    const auto kept = read_file(path_);
    EXPECT_LE(kept.size(), 8192U);
    EXPECT_GT(kept.size(), 8000U);
    EXPECT_TRUE(kept.starts_with("100 11 veth v other\n"));
    EXPECT_TRUE(kept.ends_with("9300 11 veth v k\n"));
}

}  // namespace
}  // namespace terway::host
