#include <gmock/gmock.h>
#include <signal.h>

#include <set>

#include "fixture.hpp"

namespace terway::store {
namespace {

using store::testing::address_of;
using store::testing::key_of;
using store::testing::record_of;

// Puts record n, then erases record n - 1 and cools its address, and reports each call done.
[[noreturn]] void work(const std::string& directory, int first, int report) {
    try {
        Store store(directory);
        for (int n = first;; ++n) {
            store.put(record_of(n));
            write_all(report, "pipe", "p");
            store.erase_and_cool(key_of(n - 1), {{address_of(n - 1), WallTime{}, {}}});
            write_all(report, "pipe", "e");
        }
    } catch (const std::exception&) {
        _exit(1);
    }
}

// Kills such a child once it has reported `calls` calls; answers how many it reported in all.
int kill_after(const std::string& directory, int first, int calls) {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const Fd reading(ends[0]);
    Fd writing(ends[1]);
    const pid_t child = fork();
    if (child == 0) {
        work(directory, first, writing.get());
    }
    writing.reset();
    int reported = 0;
    char report = 0;
    while (reported < calls && read(reading.get(), &report, 1) == 1) {
        ++reported;
    }
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself";
    return reported + static_cast<int>(read_all(reading.get(), "pipe").size());
}

TEST(StoreCrash, AKillAtAnyTimeLosesTheCallInProgressAtMost) {
    const store::testing::TemporaryDirectory directory;
    Store(directory.path()).erase_and_cool(key_of(0), {{address_of(0), WallTime{}, {}}});
    int next = 1;
    for (int round = 0; round < 30; ++round) {
        const int reported = kill_after(directory.path(), next, 1 + round * 7 % 61);
        const int put = next - 1 + (reported + 1) / 2;
        const int erased = next - 1 + reported / 2 - 1;
        Store store(directory.path());
        std::set<IpAddress> in_use;
        std::set<IpAddress> cooling;
        for (const auto& record : store.all()) {
            in_use.insert(record.spec.addresses.at(0).address());
        }
        for (const auto& each : store.cooling()) {
            cooling.insert(each.address);
        }
        const int last = static_cast<int>(in_use.size() + cooling.size()) - 1;
        EXPECT_THAT(last, ::testing::AnyOf(put, put + 1)) << "after " << reported << " calls";
        for (int n = 0; n <= last; ++n) {
            const bool is_in_use = in_use.contains(address_of(n));
            EXPECT_NE(is_in_use, cooling.contains(address_of(n))) << n;
            EXPECT_TRUE(!is_in_use || n > erased) << n;
        }
        for (const auto& record : store.all()) {
            store.erase_and_cool(record.key(),
                                 {{record.spec.addresses.at(0).address(), WallTime{}, {}}});
        }
        next = last + 1;
    }
    EXPECT_GT(next, 300);
}

}  // namespace
}  // namespace terway::store
