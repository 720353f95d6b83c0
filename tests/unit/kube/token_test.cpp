#include "kube/token.hpp"

#include <sys/stat.h>

#include <gmock/gmock.h>

#include "base/file.hpp"
#include "kube_testing.hpp"

namespace terway::kube {
namespace {

TEST(KubeToken, IsTheTextItWasGiven) {
    EXPECT_EQ(Token("secret", "").get(), "secret");
    EXPECT_EQ(Token("", "").get(), "");
}

TEST(KubeToken, IsReadAgainWhenItsFileChanges) {
    const Directory directory;
    const auto file = directory.at("token");
    write_file_durably(file, "one\n");
    Token token("", file);
    EXPECT_EQ(token.get(), "one");
    write_file_durably(file, "two");
    EXPECT_EQ(token.get(), "two");
}

TEST(KubeToken, IsReadAgainWhenItWasRefused) {
    const Directory directory;
    const auto file = directory.at("token");
    write_file_durably(file, "one");
    Token token("", file);
    EXPECT_EQ(token.get(), "one");
    token.renew();
    EXPECT_EQ(token.get(), "one");
}

TEST(KubeToken, WaitsForNobodyWhoMightWriteIt) {
    const Directory directory;
    const auto file = directory.at("token");
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    Token token("", file);
    EXPECT_THAT(complaint_of([&] { (void)token.get(); }), testing::HasSubstr("no regular file"));
}

TEST(KubeToken, StaysWhileItsFileIsAway) {
    const Directory directory;
    const auto file = directory.at("token");
    Token token("", file);
    EXPECT_THROW((void)token.get(), Error);
    write_file_durably(file, "one");
    EXPECT_EQ(token.get(), "one");
    std::filesystem::remove(file);
    EXPECT_EQ(token.get(), "one");
    write_file_durably(file, "");
    EXPECT_EQ(token.get(), "one") << "an empty file is no token";
}

}  // namespace
}  // namespace terway::kube
