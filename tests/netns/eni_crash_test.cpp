// The daemon dies between every two steps of what the pool does; the next one picks up the pieces.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>

#include <algorithm>
#include <ostream>

#include "cloud_node.hpp"

namespace terway::test {
namespace {

using testing::SizeIs;

// A daemon lives by `before`, then another dies by `after` at the checkpoint.
struct Death {
    const char* checkpoint;
    const char* before;  // lines of [pool]; null: there was no daemon before
    const char* after;
    std::size_t enis;  // that the pool has in the end
    bool pod = true;   // one runs all the time
    const char* topology = "";
};

void PrintTo(const Death& death, std::ostream* out) {
    *out << death.checkpoint;
}

// Two of the six addresses of the first ENI, then all of them and one of a second.
constexpr const char* kFew = "max_enis = 1\nmin_idle = 1\nmax_idle = 2\n";
constexpr const char* kMany = "min_idle = 6\nmax_idle = 6\n";
constexpr const char* kSurplus = "min_idle = 4\nmax_idle = 4\n";
constexpr const char* kOne = "min_idle = 1\nmax_idle = 1\nreclaim_after = \"1s\"\n";
constexpr const char* kNone = "min_idle = 0\nmax_idle = 0\nreclaim_after = \"1s\"\n";
constexpr const char* kForeign =
    "[[eni]]\nid = \"eni-left\"\nvswitch = \"vsw-a\"\nnode = \"a\"\n"
    "secondary = [\"10.0.0.40\", \"10.0.0.41\"]\n";

constexpr Death kDeaths[] = {
    {"pool.create.begun", kFew, kMany, 2},
    {"pool.create.called", kFew, kMany, 2},
    {"pool.create.attach_called", kFew, kMany, 2},
    {"pool.create.attached", kFew, kMany, 2},
    {"pool.create.prepared", kFew, kMany, 2},
    {"pool.create.kept", kFew, kMany, 2},
    {"pool.assign.begun", kFew, kSurplus, 1},
    {"pool.assign.called", kFew, kSurplus, 1},
    {"pool.assign.kept", kFew, kSurplus, 1},
    {"pool.unassign.dropped", kSurplus, kOne, 1},
    {"pool.unassign.called", kSurplus, kOne, 1},
    {"pool.delete.dropped", kSurplus, kNone, 0, false},
    {"pool.delete.detached", kSurplus, kNone, 0, false},
    {"pool.delete.called", kSurplus, kNone, 0, false},
    {"pool.adopt.prepared", nullptr, kFew, 1, false, kForeign},
};

class EniCrash : public testing::TestWithParam<Death> {
protected:
    EniCrash()
        : cloud_({.pool = GetParam().before == nullptr ? "" : lines(GetParam().before),
                  .topology = GetParam().topology,
                  .in_the_past = true}) {}

    static std::string lines(const char* pool) {
        return std::string(pool) + "reconcile_every = \"1s\"\nleak_grace = \"1m\"\n";
    }

    void live_before() {
        const auto daemon = node_.start();
        if (GetParam().pod) {
            added_ = node_.add("old", *old_);
            ASSERT_TRUE(added_.ok()) << added_.out;
        }
        ASSERT_EQ(cloud_.agreed(), "");
        ASSERT_EQ(daemon->stop(), 0) << daemon->log();
    }

    void die() {
        const auto daemon =
            node_.launch({{"TERWAY_CHECKPOINT", std::string("kill:") + GetParam().checkpoint}});
        ASSERT_EQ(daemon->wait(), by_signal(SIGKILL)) << daemon->log();
    }

    void expect_pod_works() {
        if (GetParam().pod) {
            EXPECT_TRUE(cloud_.talks(*old_, added_.v4()));
        }
    }

    void expect_each_address_given_once() {
        std::vector<std::unique_ptr<Sandbox>> pods;
        std::set<IpAddress> given;
        if (GetParam().pod) {
            given.insert(added_.v4());
        }
        for (int i = 0; i < 4; ++i) {
            const auto name = "new" + std::to_string(i);
            pods.push_back(node_.sandbox(name));
            const auto added = node_.add(name, *pods.back());
            ASSERT_TRUE(added.ok()) << added.out;
            EXPECT_TRUE(given.insert(added.v4()).second) << added.v4().text() << " given twice";
            EXPECT_TRUE(cloud_.talks(*pods.back(), added.v4()));
        }
        EXPECT_EQ(cloud_.agreed(), "");
    }

    CloudNode cloud_;
    Node& node_ = cloud_.node();
    std::unique_ptr<Sandbox> old_ = node_.sandbox("old");
    CniReply added_;
};

TEST_P(EniCrash, LeavesNoLeakAndNoDouble) {
    if (GetParam().before != nullptr) {
        ASSERT_NO_FATAL_FAILURE(live_before());
    }
    cloud_.set_pool(lines(GetParam().after));
    ASSERT_NO_FATAL_FAILURE(die());
    expect_pod_works();
    const auto daemon = node_.start();
    expect_pod_works();
    EXPECT_TRUE(eventually([&] { return cloud_.enis().size() == GetParam().enis; },
                           std::chrono::seconds(15)));
    EXPECT_EQ(cloud_.agreed(), "") << daemon->log();
    EXPECT_THAT(cloud_.enis(), SizeIs(GetParam().enis));
    expect_each_address_given_once();
    EXPECT_EQ(daemon->stop(), 0) << daemon->log();
}

std::string name_of(const testing::TestParamInfo<Death>& death) {
    std::string name = "When";
    bool capital = true;
    for (const char c : std::string(death.param.checkpoint + sizeof("pool"))) {
        if (c == '.' || c == '_') {
            capital = true;
        } else {
            name += capital ? static_cast<char>(::toupper(c)) : c;
            capital = false;
        }
    }
    return name;
}

INSTANTIATE_TEST_SUITE_P(AtEveryCheckpoint, EniCrash, testing::ValuesIn(kDeaths), name_of);

}  // namespace
}  // namespace terway::test
