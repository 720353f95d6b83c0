#include "deviced/directory_watch.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace terway::deviced {
namespace {

namespace fs = std::filesystem;

class WatchOfADirectory : public testing::Test {
protected:
    WatchOfADirectory() {
        std::string pattern = testing::TempDir() + "directory-watch-XXXXXX";
        home_ = ::mkdtemp(pattern.data());
        fs::create_directory(path());
    }
    ~WatchOfADirectory() override { fs::remove_all(home_); }

    [[nodiscard]] std::string path() const { return home_ + "/sockets"; }
    static bool tells(const DirectoryWatch& watch) {
        pollfd wait{watch.fd(), POLLIN, 0};
        return ::poll(&wait, 1, 0) == 1;
    }
    // The kernel's word on a watch that was ended comes afterwards.
    static bool calms(DirectoryWatch& watch) {
        for (int i = 0; i < 5 && tells(watch); ++i) {
            watch.renew();
        }
        return !tells(watch);
    }

    std::string home_;
};

TEST_F(WatchOfADirectory, TellsOfAFileAndIsQuietThen) {
    DirectoryWatch watch(path());
    watch.renew();
    EXPECT_FALSE(tells(watch));
    std::ofstream(path() + "/file") << "x";
    EXPECT_TRUE(tells(watch));
    EXPECT_TRUE(calms(watch));
}

TEST_F(WatchOfADirectory, FollowsTheNameAndIsQuietAfterTheDirectoryWasReplaced) {
    DirectoryWatch watch(path());
    watch.renew();
    for (const bool moved : {true, false}) {
        if (moved) {
            fs::rename(path(), home_ + "/old");
        } else {
            fs::remove_all(path());
        }
        fs::create_directory(path());
        EXPECT_TRUE(tells(watch));
        EXPECT_TRUE(calms(watch)) << "moved: " << moved;
        std::ofstream(path() + "/file") << "x";
        EXPECT_TRUE(tells(watch)) << "moved: " << moved;
        EXPECT_TRUE(calms(watch));
    }
}

}  // namespace
}  // namespace terway::deviced
