#include "cloud/key_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

namespace terway::cloud {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string complaint_of(std::string_view text) {
    try {
        static_cast<void>(parse_key_file(text, "keys.toml"));
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::Invalid);
        return error.what();
    }
    return "none";
}

TEST(KeyFile, IsReadWithCommentsAndEitherQuotes) {
    const auto keys = parse_key_file(
        "# keys\n\n  access_key_id = \"LTAI5t\"  # whose\r\naccess_key_secret='s3/+='\n"
        "security_token = \"t\"",
        "keys.toml");
    EXPECT_EQ(keys, (Credentials{"LTAI5t", "s3/+=", "t", std::nullopt}));
}

TEST(KeyFile, IsRefusedWithThePlaceOfTheMistake) {
    EXPECT_EQ(complaint_of("\naccess_key_id"),
              "keys.toml:2: expected a line of the form key = \"value\"");
    EXPECT_THAT(complaint_of("acess_key_id = \"a\""), HasSubstr("keys.toml:1: unknown key"));
    EXPECT_THAT(complaint_of("access_key_id = a"), HasSubstr("between quotes"));
    EXPECT_THAT(complaint_of("access_key_id = \"a"), HasSubstr("between quotes"));
    EXPECT_THAT(complaint_of("access_key_id = \"\""), HasSubstr("is empty"));
    EXPECT_THAT(complaint_of("access_key_id = \"a\" b"), HasSubstr("something follows"));
    EXPECT_THAT(complaint_of("access_key_id = \"a\"\naccess_key_id = \"b\""),
                HasSubstr("keys.toml:2: access_key_id is given twice"));
    EXPECT_THAT(complaint_of("access_key_id = \"a\""), HasSubstr("access_key_secret is missing"));
    EXPECT_THAT(complaint_of(""), HasSubstr("access_key_id is missing"));
}

TEST(KeyFile, IsRefusedWithoutShowingAValue) {
    for (const auto* text : {"access_key_secret = \"hidden thing\"", "access_key_secret = hidden",
                             "access_key_secret = \"a\" hidden", "hidden", "hidden = \"hidden\"",
                             "access_key_secret = \"hidden\\n\""}) {
        EXPECT_THAT(complaint_of(text), AllOf(Not(HasSubstr("hidden")), HasSubstr("keys.toml:1")))
            << text;
    }
}

class KeyFileOnDisk : public testing::Test {
protected:
    KeyFileOnDisk() {
        std::string pattern = std::filesystem::temp_directory_path() / "terway-keys-XXXXXX";
        directory_ = ::mkdtemp(pattern.data());
        std::ofstream(path()) << "access_key_id = \"id\"\naccess_key_secret = \"secret\"\n";
        ::chmod(path().c_str(), 0600);
    }
    ~KeyFileOnDisk() override { std::filesystem::remove_all(directory_); }
    [[nodiscard]] std::string path() const { return directory_ + "/keys.toml"; }
    [[nodiscard]] std::string complaint() const {
        try {
            static_cast<void>(read_key_file(path()));
        } catch (const Error& error) {
            return error.what();
        }
        return "none";
    }

    std::string directory_;
};

TEST_F(KeyFileOnDisk, IsReadIfItIsRootsAlone) {
    EXPECT_EQ(read_key_file(path()).access_key_id, "id");
    ::chmod(path().c_str(), 0400);
    EXPECT_EQ(complaint(), "none");
}

TEST_F(KeyFileOnDisk, IsRefusedIfOthersMayTouchIt) {
    for (const mode_t mode : {0640, 0604, 0620, 0601}) {
        ::chmod(path().c_str(), mode);
        EXPECT_THAT(complaint(), HasSubstr("chmod 600 " + path())) << std::oct << mode;
    }
}

TEST_F(KeyFileOnDisk, IsRefusedIfItIsSomebodyElses) {
    ASSERT_EQ(::chown(path().c_str(), 65534, 65534), 0);
    EXPECT_THAT(complaint(), HasSubstr("chown root"));
}

TEST_F(KeyFileOnDisk, IsRefusedIfItIsNoFile) {
    std::filesystem::remove(path());
    ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
    EXPECT_THAT(complaint(), HasSubstr("not a regular file"));
}

TEST_F(KeyFileOnDisk, IsGoneIfItDoesNotExist) {
    std::filesystem::remove(path());
    try {
        static_cast<void>(read_key_file(path()));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::Gone);
    }
}

}  // namespace
}  // namespace terway::cloud
