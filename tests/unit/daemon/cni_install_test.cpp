#include "daemon/cni_install.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/file.hpp"
#include "terway/error.hpp"

namespace terway::daemon {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kConfiguration =
    R"({"cniVersion": "1.0.0", "name": "terway", "plugins": [{"type": "terway"}]})";

class CniInstallation : public testing::Test {
protected:
    CniInstallation() {
        std::string name = testing::TempDir() + "cni-install-XXXXXX";
        folder_ = ::mkdtemp(name.data());
        files_ = {.install = true,
                  .binary = folder_ + "/image/terway",
                  .conflist = folder_ + "/image/10-terway.conflist",
                  .bin_dir = folder_ + "/bin",
                  .conf_dir = folder_ + "/net.d"};
        fs::create_directories(folder_ + "/image");
        write(files_.binary, "program 1");
        write(files_.conflist, kConfiguration);
    }
    ~CniInstallation() override { fs::remove_all(folder_); }

    static void write(const std::string& path, const std::string& text) {
        fs::create_directories(fs::path(path).parent_path());
        std::ofstream(path) << text;
    }
    void install() const {
        const CniInstall installation(files_);
        installation.check();
        installation.install_binary();
        installation.install_configuration();
    }
    [[nodiscard]] std::string refusal() const {
        try {
            install();
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    }
    [[nodiscard]] std::string configured() const { return files_.conf_dir + "/10-terway.conflist"; }

    std::string folder_;
    profile::CniFiles files_;
};

TEST(CniPreference, ARuntimeTakesTheFirstConfigurationByName) {
    EXPECT_THAT(
        preferred_to("10-terway.conflist", {"20-late.conf", "10-terway.conflist", "05-b.json",
                                            "00-a.conflist", "00-readme.txt", "01-x.conf.bak"}),
        ElementsAre("00-a.conflist", "05-b.json"));
    EXPECT_THAT(preferred_to("10-terway.conflist", {}), IsEmpty());
}

TEST_F(CniInstallation, PutsBothFilesWhereARuntimeLooks) {
    install();
    EXPECT_EQ(read_file(files_.bin_dir + "/terway"), "program 1");
    EXPECT_EQ(read_file(configured()), kConfiguration);
    struct stat about {};
    ASSERT_EQ(::stat((files_.bin_dir + "/terway").c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0755U);
}

TEST_F(CniInstallation, PutsABinaryAgainThatNobodyCanRun) {
    install();
    const auto binary = files_.bin_dir + "/terway";
    ASSERT_EQ(::chmod(binary.c_str(), 0600), 0);
    install();
    EXPECT_EQ(fs::status(binary).permissions(), static_cast<fs::perms>(0755));
}

TEST_F(CniInstallation, ReplacesPipesAndWaitsForNobodyToWriteToThem) {
    const auto binary = files_.bin_dir + "/terway";
    fs::create_directories(files_.bin_dir);
    fs::create_directories(files_.conf_dir);
    ASSERT_EQ(::mkfifo(binary.c_str(), 0600), 0);
    ASSERT_EQ(::mkfifo(configured().c_str(), 0600), 0);
    install();
    EXPECT_EQ(read_file(binary), "program 1");
    EXPECT_EQ(read_file(configured()), kConfiguration);
    for (auto* const source : {&files_.binary, &files_.conflist}) {
        *source = folder_ + "/image/pipe";
        fs::remove(*source);
        ASSERT_EQ(::mkfifo(source->c_str(), 0600), 0);
        EXPECT_THAT(refusal(), HasSubstr(*source));
        *source =
            folder_ + (source == &files_.binary ? "/image/terway" : "/image/10-terway.conflist");
    }
}

TEST_F(CniInstallation, ReplacesTheBinaryOfAnOlderImageWhileItRuns) {
    install();
    const std::string old = files_.bin_dir + "/terway";
    std::ifstream running(old);
    write(files_.binary, "program 2");
    install();
    std::string text;
    std::getline(running, text);
    EXPECT_EQ(text, "program 1") << "who runs it keeps the file";
    EXPECT_EQ(read_file(old), "program 2");
}

TEST_F(CniInstallation, WritesNothingThatIsThereAlready) {
    install();
    const auto before = fs::last_write_time(configured());
    install();
    EXPECT_EQ(fs::last_write_time(configured()), before) << "a runtime would load it anew";
}

TEST_F(CniInstallation, LeavesTheNetworkToWhoeverARuntimePrefers) {
    write(files_.conf_dir + "/05-other.conflist", "{}");
    EXPECT_THAT(refusal(),
                AllOf(HasSubstr("net.d/05-other.conflist"), HasSubstr("take_over = true")));
    EXPECT_FALSE(fs::exists(configured()));
    EXPECT_FALSE(fs::exists(files_.bin_dir));
    fs::remove(files_.conf_dir + "/05-other.conflist");
    write(files_.conf_dir + "/99-loopback.conf", "{}");
    EXPECT_EQ(refusal(), "");
}

TEST_F(CniInstallation, PutsAnotherNetworksConfigurationAsideIfToldTo) {
    files_.take_over = true;
    write(files_.conf_dir + "/05-other.conflist", "{}");
    install();
    EXPECT_FALSE(fs::exists(files_.conf_dir + "/05-other.conflist"));
    EXPECT_EQ(read_file(files_.conf_dir + "/05-other.conflist.put-aside-by-terway"), "{}");
    EXPECT_EQ(read_file(configured()), kConfiguration);
}

TEST_F(CniInstallation, RefusesAConfigurationThatIsNotTerways) {
    for (const auto* text :
         {"", "{", "[]", R"({"plugins": 3})", R"({"plugins": [{"type": "ptp"}]})"}) {
        write(files_.conflist, text);
        EXPECT_THAT(refusal(),
                    AllOf(HasSubstr("image/10-terway.conflist"), HasSubstr("[cni] conflist")))
            << text;
    }
    fs::remove(files_.conflist);
    EXPECT_THAT(refusal(), HasSubstr("image/10-terway.conflist"));
}

TEST_F(CniInstallation, RefusesWithoutABinary) {
    fs::remove(files_.binary);
    EXPECT_THAT(refusal(), AllOf(HasSubstr("image/terway"), HasSubstr("[cni] binary")));
}

}  // namespace
}  // namespace terway::daemon
