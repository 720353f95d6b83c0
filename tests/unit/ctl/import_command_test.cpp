#include "ctl/import_command.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "terway/error.hpp"

namespace terway::ctl {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string kSample = TERWAY_TEST_DATA "/eni_conf/self_hosted.json";

class ImportCommand : public testing::Test {
protected:
    ImportCommand() {
        std::string name = testing::TempDir() + "terway-import-XXXXXX";
        folder = ::mkdtemp(name.data());
    }
    ~ImportCommand() override { std::filesystem::remove_all(folder); }

    int call(std::vector<std::string> words) {
        words.insert(words.begin(), "import-eni-conf");
        std::vector<char*> argv;
        for (auto& word : words) {
            argv.push_back(word.data());
        }
        testing::internal::CaptureStdout();
        testing::internal::CaptureStderr();
        int status = -1;
        try {
            status = import_command(static_cast<int>(argv.size()), argv.data());
        } catch (const Error& error) {
            refusal = error.what();
        }
        out = testing::internal::GetCapturedStdout();
        err = testing::internal::GetCapturedStderr();
        return status;
    }
    [[nodiscard]] std::string path(const std::string& name) const { return folder + "/" + name; }
    [[nodiscard]] bool exists(const std::string& name) const {
        return std::filesystem::exists(path(name));
    }
    static unsigned mode(const std::string& path) {
        struct stat status {};
        EXPECT_EQ(::stat(path.c_str(), &status), 0);
        return status.st_mode & 07777U;
    }

    std::string folder;
    std::string out;
    std::string err;
    std::string refusal;
};

TEST_F(ImportCommand, PrintsTheProfileAndTellsAside) {
    EXPECT_EQ(call({kSample}), 0);
    EXPECT_THAT(out, HasSubstr("source = \"eni\""));
    EXPECT_THAT(err, HasSubstr("self_hosted.json:3:3: note: access_key: "));
}

TEST_F(ImportCommand, WritesFilesOnceOnly) {
    ASSERT_EQ(call({kSample, "--output", path("p.toml"), "--credentials", path("k.toml")}), 0);
    EXPECT_EQ(out, "");
    EXPECT_THAT(read_file(path("p.toml")), HasSubstr("credentials_file = \"" + path("k.toml")));
    EXPECT_EQ(mode(path("k.toml")), 0600U);
    EXPECT_EQ(mode(path("p.toml")), 0644U);
    EXPECT_EQ(call({kSample, "--output", path("p.toml")}), -1);
    EXPECT_EQ(refusal, path("p.toml") + " exists; --force replaces it");
    EXPECT_EQ(call({kSample, "--output", path("p.toml"), "--force"}), 0);
}

TEST_F(ImportCommand, WritesNothingIfOneFileExists) {
    write_file_durably(path("k.toml"), "old");
    EXPECT_EQ(call({kSample, "--output", path("p.toml"), "--credentials", path("k.toml")}), -1);
    EXPECT_FALSE(exists("p.toml"));
    EXPECT_EQ(read_file(path("k.toml")), "old");
}

TEST_F(ImportCommand, MakesNoCredentialsFileWithoutKeys) {
    write_file_durably(path("c.json"), "{}");
    EXPECT_EQ(call({path("c.json"), "--credentials", path("k.toml")}), 0);
    EXPECT_FALSE(exists("k.toml"));
    EXPECT_THAT(err, HasSubstr("there is no access key to put into"));
}

TEST_F(ImportCommand, SaysWithItsStatusThatSomethingWasDropped) {
    write_file_durably(path("c.json"), "{\"max_eni\": \"three\"}");
    EXPECT_EQ(call({path("c.json")}), 3);
    EXPECT_THAT(err, HasSubstr("c.json:1:2: wrong: max_eni: must be a whole number, not a string"));
}

TEST_F(ImportCommand, NamesFileLineAndColumnOfAMistakeInTheJson) {
    write_file_durably(path("c.json"), "{\n]");
    EXPECT_EQ(call({path("c.json"), "--output", path("p.toml")}), -1);
    EXPECT_THAT(refusal, StartsWith(path("c.json") + ":2:1: no valid JSON"));
    EXPECT_FALSE(exists("p.toml"));
}

TEST_F(ImportCommand, AsksForAFile) {
    EXPECT_EQ(call({}), 2);
    EXPECT_THAT(err, HasSubstr("which file?"));
    EXPECT_EQ(call({"--help"}), 0);
    EXPECT_THAT(out, HasSubstr("--credentials"));
}

}  // namespace
}  // namespace terway::ctl
