#include "host/probe.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "host_testing.hpp"
#include "terway/abi.h"
#include "terway/error.hpp"

namespace terway::host {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::ThrowsMessage;

// A directory of this test's own, below the build directory.
class Probe : public testing::Test {
protected:
    Probe() : scratch_(fs::path(TERWAY_TEST_SCRATCH) / ("probe-" + std::to_string(::getpid()))) {
        fs::remove_all(scratch_);
        fs::create_directories(scratch_);
        fs::copy_file(test_module("good"), copy());
        ::chmod(copy().c_str(), 0644);
    }
    ~Probe() override { fs::remove_all(scratch_); }

    [[nodiscard]] std::string copy() const { return scratch_ / "copy.so"; }

    const fs::path scratch_;
};

std::function<void()> probing(const std::string& path) {
    return [path] { static_cast<void>(probe(path)); };
}

TEST_F(Probe, ReadsAModuleWithoutMappingIt) {
    testing::internal::CaptureStderr();
    const auto module = probe(test_module("plain"), Trust::AnyOwner);
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    EXPECT_EQ(module.identity.id, "deviant");
    EXPECT_EQ(module.path, fs::canonical(test_module("plain")).string());
    EXPECT_TRUE(module.file);
}

TEST_F(Probe, TrustsAFileThatOnlyRootCanChange) {
    const auto module = probe(copy());
    EXPECT_EQ(module.identity.id, "good");
}

TEST_F(Probe, RefusesAFileThatOthersMayWrite) {
    ::chmod(copy().c_str(), 0666);
    EXPECT_THAT(probing(copy()),
                ThrowsMessage<Error>(copy() +
                                     ": writable by others than root, chmod go-w would mend that"));
    ::chmod(copy().c_str(), 0664);
    EXPECT_THROW(probing(copy())(), Error);
    EXPECT_EQ(probe(copy(), Trust::AnyOwner).identity.id, "good");
}

TEST_F(Probe, RefusesAFileOfAnotherUser) {
    ASSERT_EQ(::chown(copy().c_str(), 65534, 0), 0);
    EXPECT_THAT(probing(copy()),
                ThrowsMessage<Error>(copy() + ": owned by user 65534, must be owned by root"));
}

TEST_F(Probe, RefusesADirectoryOfModulesThatOthersMayWriteEvenIfSticky) {
    ::chmod(scratch_.c_str(), 01777);
    EXPECT_THAT(probing(copy()),
                ThrowsMessage<Error>(HasSubstr(scratch_.string() + ": writable by others")));
}

TEST_F(Probe, AcceptsAStickyDirectoryFurtherUpWhereNobodyCanReplaceAnything) {
    const fs::path inner = scratch_ / "inner";
    fs::create_directory(inner);
    fs::rename(copy(), inner / "copy.so");
    ::chmod(scratch_.c_str(), 01777);
    EXPECT_EQ(probe(inner / "copy.so").identity.id, "good");
}

TEST_F(Probe, RefusesADirectoryFurtherUpThatOthersMayWrite) {
    const fs::path inner = scratch_ / "inner";
    fs::create_directory(inner);
    fs::rename(copy(), inner / "copy.so");
    ::chmod(scratch_.c_str(), 0777);
    EXPECT_THAT(probing(inner / "copy.so"),
                ThrowsMessage<Error>(HasSubstr(scratch_.string() + ": writable by others")));
}

TEST_F(Probe, JudgesTheFileBehindASymbolicLink) {
    ::chmod(copy().c_str(), 0666);
    const fs::path link = scratch_ / "link.so";
    fs::create_symlink(copy(), link);
    EXPECT_THAT(probing(link), ThrowsMessage<Error>(HasSubstr(copy() + ": writable by others")));
}

TEST_F(Probe, SaysThatAFileIsMissing) {
    const std::string missing = scratch_ / "missing.so";
    EXPECT_THAT(probing(missing), ThrowsMessage<Error>(missing + ": no such module file"));
}

TEST_F(Probe, RefusesWhatIsNoRegularFileWithoutWaitingForIt) {
    const std::string pipe = scratch_ / "pipe.so";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_THAT(probing(pipe), ThrowsMessage<Error>(pipe + ": not a regular file"));
    EXPECT_THAT(probing(scratch_), ThrowsMessage<Error>(HasSubstr(": not a regular file")));
}

TEST_F(Probe, NamesTheFileThatIsNoModule) {
    write_file_durably(copy(), "not at all");
    EXPECT_THAT(probing(copy()), ThrowsMessage<Error>(copy() + ": not an ELF file"));
}

TEST_F(Probe, HashesTheFile) {
    write_file_durably(scratch_ / "a", read_file(test_module("good")));
    const auto one = probe(scratch_ / "a").sha256;
    EXPECT_EQ(one.size(), 64U);
    EXPECT_EQ(one, probe(copy()).sha256);
    EXPECT_NE(one, probe(test_module("wild"), Trust::AnyOwner).sha256);
}

class Admit : public testing::Test {
protected:
    ProbedModule good_ = probe(test_module("good"), Trust::AnyOwner);

    static std::function<void()> admitting(const ProbedModule& module,
                                           const Expectation& expected) {
        return [&module, expected] { admit(module, expected); };
    }
};

TEST_F(Admit, LetsInWhatWasAskedFor) {
    EXPECT_NO_THROW(admit(good_, {"good", {Kind::Dataplane, Kind::Qos}, good_.sha256}));
}

TEST_F(Admit, NamesBothSidesOfAnAbiMismatch) {
    EXPECT_THAT(admitting(probe(test_module("next-abi"), Trust::AnyOwner), {"deviant", {}, {}}),
                ThrowsMessage<Error>("next-abi.so: needs terway ABI 0.99, this terwayd offers 0." +
                                     std::to_string(TWY_ABI_MINOR)));
}

TEST_F(Admit, NamesBothIds) {
    EXPECT_THAT(admitting(good_, {"better", {}, {}}),
                ThrowsMessage<Error>("good.so: is the module \"good\", not \"better\""));
}

TEST_F(Admit, RefusesAModuleInAPlaceItCannotFill) {
    EXPECT_THAT(admitting(good_, {"good", {Kind::Dataplane, Kind::Policy}, {}}),
                ThrowsMessage<Error>("good.so: good is no policy module"));
}

TEST_F(Admit, NamesBothHashesOfAPinThatDoesNotHold) {
    const std::string pin(64, '0');
    EXPECT_THAT(
        admitting(good_, {"good", {}, pin}),
        ThrowsMessage<Error>("good.so: has sha256 " + good_.sha256 + ", the profile pins " + pin));
}

TEST(FindModule, TakesTheFirstDirectoryThatHasIt) {
    const std::vector<std::string> dirs{"/nonexistent", TERWAY_TEST_MODULES, "/also-nonexistent"};
    EXPECT_EQ(find_module("good", dirs), test_module("good"));
}

TEST(FindModule, NamesTheDirectoriesItSearched) {
    const std::vector<std::string> dirs{"/nonexistent", "/also"};
    EXPECT_THAT([&] { static_cast<void>(find_module("acme", dirs)); },
                ThrowsMessage<Error>("module acme: no acme.so in /nonexistent, /also"));
}

}  // namespace
}  // namespace terway::host
