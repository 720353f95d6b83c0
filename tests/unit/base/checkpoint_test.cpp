#include "base/checkpoint.hpp"

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "base/file.hpp"
#include "terway/error.hpp"

namespace terway {
namespace {

// The environment is read once in the life of a process, so each case runs in a child.
[[noreturn]] void in_child(const char* order, int passes) {
    ::setenv("TERWAY_CHECKPOINT", order, 1);
    for (int i = 1; i <= passes; ++i) {
        try {
            checkpoint("add.recorded");
            checkpoint("add.attached");
        } catch (const Error& error) {
            static_cast<void>(std::fprintf(stderr, "pass %d threw %s\n", i, error.what()));
        }
    }
    static_cast<void>(std::fprintf(stderr, "survived\n"));
    std::_Exit(0);
}

TEST(CheckpointDeathTest, KillsAtTheFirstPassOfItsName) {
    EXPECT_EXIT(in_child("kill:add.recorded", 1), testing::KilledBySignal(SIGKILL), "");
}

TEST(CheckpointDeathTest, KillsAtThePassAskedForAndNoEarlier) {
    EXPECT_EXIT(in_child("kill:add.recorded:3", 3), testing::KilledBySignal(SIGKILL), "");
    EXPECT_EXIT(in_child("kill:add.recorded:3", 2), testing::ExitedWithCode(0), "^survived");
}

TEST(CheckpointDeathTest, LeavesOtherNamesAlone) {
    EXPECT_EXIT(in_child("kill:del.recorded", 5), testing::ExitedWithCode(0), "^survived");
}

TEST(CheckpointDeathTest, FailsAtEachPassOrOnlyAtTheOneAskedFor) {
    EXPECT_EXIT(
        in_child("fail:add.attached", 2), testing::ExitedWithCode(0),
        "pass 1 threw checkpoint add.attached: failure asked for\npass 2 threw .*\nsurvived");
    EXPECT_EXIT(in_child("fail:add.attached:2", 3), testing::ExitedWithCode(0),
                "^pass 2 threw checkpoint add.attached: failure asked for\nsurvived");
}

TEST(CheckpointDeathTest, RefusesAnOrderItDoesNotUnderstand) {
    for (const char* order : {"kill", "kill:", "explode:add.recorded", "kill:add.recorded:x",
                              "hang:add.recorded", "fail:add.recorded:0"}) {
        EXPECT_EXIT(in_child(order, 1), testing::KilledBySignal(SIGABRT), "cannot use TERWAY_CHECK")
            << order;
    }
}

TEST(CheckpointDeathTest, HoldsThePassUpForAsLongAsAsked) {
    EXPECT_EXIT(
        {
            ::setenv("TERWAY_CHECKPOINT", "hang:add.recorded:60000", 1);
            ::alarm(1);
            checkpoint("add.recorded");
        },
        testing::KilledBySignal(SIGALRM), "");
}

TEST(CheckpointDeathTest, WritesTheNamesPassedToTheLog) {
    const std::string path =
        testing::TempDir() + "terway-checkpoints-" + std::to_string(::getpid());
    ::setenv("TERWAY_CHECKPOINT_LOG", path.c_str(), 1);
    EXPECT_EXIT(in_child("fail:add.attached", 2), testing::ExitedWithCode(0), "survived");
    ::unsetenv("TERWAY_CHECKPOINT_LOG");
    EXPECT_EQ(read_file(path), "add.recorded\nadd.attached\nadd.recorded\nadd.attached\n");
    ::unlink(path.c_str());
}

}  // namespace
}  // namespace terway
