#include <gmock/gmock.h>
#include <sqlite3.h>

#include <fstream>

#include "fixture.hpp"

namespace terway::store {
namespace {

using store::testing::address_of;
using store::testing::find;
using store::testing::key_of;
using store::testing::opening;
using store::testing::record_of;
using store::testing::remount;
using store::testing::with_tmpfs;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class RefusalTest : public ::testing::Test {
protected:
    // What a store says of the file once `sql` was run on it.
    [[nodiscard]] std::string opening_after(const std::string& sql) const {
        sqlite3* database = nullptr;
        EXPECT_EQ(sqlite3_open(file_.c_str(), &database), SQLITE_OK);
        EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
        sqlite3_close(database);
        return opening(directory_.path());
    }

    store::testing::TemporaryDirectory directory_;
    const std::string file_ = directory_.path() + "/terway.db";
};

TEST_F(RefusalTest, ADirectoryWhoseParentIsMissing) {
    EXPECT_EQ(opening(directory_.path() + "/no/such"),
              directory_.path() +
                  "/no/such: cannot create the state directory: No such file or directory; create "
                  "its parent directory or choose another state directory");
}

TEST_F(RefusalTest, AFileInPlaceOfTheDirectory) {
    std::ofstream(directory_.path() + "/file") << "x";
    EXPECT_EQ(opening(directory_.path() + "/file"),
              directory_.path() +
                  "/file: cannot open the state directory: Not a directory; remove "
                  "what is in its place");
}

TEST_F(RefusalTest, ADirectoryOfAnotherUser) {
    ASSERT_EQ(chown(directory_.path().c_str(), 65534, 0), 0);
    EXPECT_EQ(opening(directory_.path()),
              directory_.path() + ": the state directory belongs to user 65534; chown it to root");
}

TEST_F(RefusalTest, ADirectoryOpenToOthers) {
    for (const auto mode : {0750U, 0705U, 0777U}) {
        std::filesystem::permissions(directory_.path(), std::filesystem::perms(mode));
        EXPECT_THAT(opening(directory_.path()),
                    AllOf(HasSubstr("the state directory is open to others (mode 0"),
                          EndsWith("chmod it to 0700")));
    }
}

TEST_F(RefusalTest, AReadOnlyFileSystem) {
    const auto& path = directory_.path();
    EXPECT_EQ(with_tmpfs(path, "1m",
                         [&] {
                             remount(path, MS_RDONLY, "1m");
                             return opening(path);
                         }),
              path +
                  ": cannot write to the state directory: Read-only file system; mount its file "
                  "system read-write or choose another state directory");
}

TEST_F(RefusalTest, ASecondDaemon) {
    const Store first(directory_.path());
    EXPECT_EQ(opening(directory_.path()),
              directory_.path() + ": the state directory is in use by process " +
                  std::to_string(getpid()) +
                  "; stop that terwayd or give this one a state directory of its own");
}

TEST_F(RefusalTest, NoDaemonOnceTheFirstIsGone) {
    EXPECT_EQ(opening(directory_.path()), "opened");
    EXPECT_EQ(opening(directory_.path()), "opened");
}

TEST_F(RefusalTest, ADirectoryOrALinkInPlaceOfTheFile) {
    std::filesystem::create_directory(file_);
    EXPECT_EQ(opening(directory_.path()),
              file_ + ": not a regular file; move away what is in its place");
    std::filesystem::remove(file_);
    std::filesystem::create_symlink("elsewhere", file_);
    EXPECT_EQ(opening(directory_.path()),
              file_ + ": not a regular file; move away what is in its place");
}

TEST_F(RefusalTest, AFileThatIsNoDatabase) {
    for (const auto size : {1U, 99U, 100U, 512U, 10000U}) {
        std::ofstream(file_, std::ios::trunc) << std::string(size, 'x');
        EXPECT_THAT(opening(directory_.path()), AllOf(StartsWith(file_ + ": not a database; "),
                                                      EndsWith("drain the node first")))
            << size;
        EXPECT_TRUE(read_file(file_) == std::string(size, 'x')) << "it was written to";
    }
}

TEST_F(RefusalTest, NoEmptyFile) {
    std::ofstream(file_).flush();
    EXPECT_EQ(opening(directory_.path()), "opened");
}

TEST_F(RefusalTest, ADatabaseOfAnotherProgram) {
    const auto refusal = file_ +
                         ": a database of another program; move the file away or choose another "
                         "state directory";
    EXPECT_EQ(opening_after("CREATE TABLE theirs(x)"), refusal);
    EXPECT_EQ(opening_after("DROP TABLE theirs; PRAGMA user_version = 3"), refusal);
    EXPECT_EQ(opening_after("PRAGMA user_version = 0; PRAGMA application_id = 7"), refusal);
    EXPECT_EQ(opening_after("PRAGMA application_id = 0"), "opened");
}

TEST_F(RefusalTest, ADatabaseOfALaterVersion) {
    ASSERT_EQ(opening(directory_.path()), "opened");
    EXPECT_EQ(opening_after("PRAGMA user_version = 3"),
              file_ +
                  ": written by a later terwayd (schema 3, this one knows up to 2); run that "
                  "version again, or drain the node and move the file away");
}

TEST_F(RefusalTest, ADamagedFile) {
    {
        Store store(directory_.path());
        for (int i = 0; i < 200; ++i) {
            store.put(record_of(i));
        }
    }
    const auto whole = read_file(file_);
    ASSERT_GT(whole.size(), 10U * 4096U);
    const auto says_so = AllOf(StartsWith(file_ + ": damaged: "), EndsWith("drain the node first"));
    for (std::size_t page = 1; page < 8; ++page) {
        auto damaged = whole;
        damaged.replace(page * 4096, 4096, std::string(4096, '\x5a'));
        std::ofstream(file_, std::ios::trunc | std::ios::binary) << damaged;
        EXPECT_THAT(opening(directory_.path()), says_so) << page;
    }
    std::ofstream(file_, std::ios::trunc | std::ios::binary) << whole.substr(0, whole.size() / 2);
    EXPECT_THAT(opening(directory_.path()), says_so);
    std::ofstream(file_, std::ios::trunc | std::ios::binary) << whole;
    EXPECT_EQ(opening(directory_.path()), "opened");
}

// However little room is left, the daemon says what to do, and starts once there is room.
TEST_F(RefusalTest, AFullDisk) {
    const auto& path = directory_.path();
    int refused = 0;
    int opened = 0;
    for (int pages = 1; pages <= 40; ++pages) {
        const auto answer = with_tmpfs(path, std::to_string(pages * 4) + "k", [&] {
            const auto first = opening(path);
            remount(path, 0, "1m");
            return first + "|" + opening(path);
        });
        EXPECT_THAT(answer, EndsWith("|opened")) << pages;
        if (answer.starts_with("opened")) {
            ++opened;
        } else {
            ++refused;
            EXPECT_THAT(answer, AllOf(StartsWith(path), HasSubstr("; free space"))) << pages;
        }
    }
    EXPECT_GT(refused, 5);
    EXPECT_GT(opened, 5);
}

std::string state_of(Store& store) {
    return std::to_string(store.all().size()) + " records, " +
           std::to_string(store.cooling().size()) + " cooling";
}

// Puts records until the disk is full and tells what it sees then.
std::string fill_up(const std::string& path) {
    Store store(path);
    const WallTime until{};
    for (int i = 0; i < 100000; ++i) {
        try {
            store.put(record_of(i));
            continue;
        } catch (const Error& error) {
            if (error.status() != Status::Retry || store.all().size() != static_cast<unsigned>(i)) {
                return std::string("after a failed put: ") + state_of(store) + ": " + error.what();
            }
        }
        try {
            store.erase_and_cool(key_of(0), {{address_of(0), until, {}}});
            return "erased on a full disk";
        } catch (const Error& error) {
            if (error.status() != Status::Retry || !find(store, key_of(0)) ||
                !store.cooling().empty()) {
                return std::string("after a failed erase: ") + state_of(store) + error.what();
            }
        }
        remount(path, 0, "8m");
        store.put(record_of(i));
        store.erase_and_cool(key_of(0), {{address_of(0), until, {}}});
        return store.all().size() == static_cast<unsigned>(i) && store.cooling().size() == 1
                   ? "as it should be"
                   : "with room again: " + state_of(store);
    }
    return "never full";
}

TEST_F(RefusalTest, NoHalfDoneCallWhenTheDiskFillsUpAtRunTime) {
    for (const auto* size : {"200k", "256k", "1m"}) {
        EXPECT_EQ(with_tmpfs(directory_.path(), size, [&] { return fill_up(directory_.path()); }),
                  "as it should be")
            << size;
    }
}

}  // namespace
}  // namespace terway::store
