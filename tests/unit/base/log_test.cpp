#include "base/log.hpp"

#include <cstdint>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace terway::log {
namespace {

using testing::EndsWith;
using testing::MatchesRegex;

template <class Body>
std::string written_by(Body body) {
    testing::internal::CaptureStderr();
    body();
    return testing::internal::GetCapturedStderr();
}

TEST(Log, WritesOneLineOfKeysAndValuesWithTimeAndLevel) {
    const auto line = written_by([] {
        info("endpoint ready", {{"endpoint", "a1b2/eth0"}, {"links", 3}, {"adopted", true}});
    });
    EXPECT_THAT(line, MatchesRegex("time=[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\."
                                   "[0-9]{3}Z level=info msg=\"endpoint ready\" "
                                   "endpoint=a1b2/eth0 links=3 adopted=true\n"));
}

TEST(Log, QuotesValuesThatNeedItAndNoOthers) {
    const auto line = written_by([] {
        error("x", {{"plain", "fe80::1/64"},
                    {"empty", ""},
                    {"space", "a b"},
                    {"equals", "a=b"},
                    {"quote", "say \"no\""},
                    {"slash", "a\\b"},
                    {"utf8", "h\u00e4"}});
    });
    EXPECT_THAT(line, EndsWith(" level=error msg=x plain=fe80::1/64 empty=\"\" space=\"a b\" "
                               "equals=\"a=b\" quote=\"say \\\"no\\\"\" slash=\"a\\\\b\" "
                               "utf8=h\u00e4\n"));
}

TEST(Log, KeepsAnEventOnOneLineWhateverItSays) {
    const auto line = written_by([] {
        warning("one\ntime=forged level=info\r", {{"pod", std::string("a\0b\x1b[2J\t", 8)}});
    });
    EXPECT_THAT(line, EndsWith(" level=warning msg=\"one\\ntime=forged level=info\\x0d\" "
                               "pod=\"a\\x00b\\x1b[2J\\t\"\n"));
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

TEST(Log, AddsTheFieldsOfItsThreadsScopesInOrder) {
    const auto lines = written_by([] {
        const Scope request({{"req", "1f2e"}});
        {
            const Scope endpoint({{"endpoint", "a1b2/eth0"}});
            info("inner", {{"ms", 12}});
        }
        info("outer");
        std::thread([] { info("elsewhere"); }).join();
    });
    EXPECT_THAT(lines, MatchesRegex(".*msg=inner req=1f2e endpoint=a1b2/eth0 ms=12\n"
                                    ".*msg=outer req=1f2e\n"
                                    ".*msg=elsewhere\n"));
}

TEST(Log, DropsLinesBelowItsLevel) {
    const auto lines = written_by([] {
        debug("hidden");
        set_level(Level::Debug);
        debug("shown");
        set_level(Level::Error);
        warning("hidden too");
        set_level(Level::Info);
    });
    EXPECT_THAT(lines, MatchesRegex("time=[^ ]* level=debug msg=shown\n"));
}

TEST(Log, KnowsItsLevelsByName) {
    EXPECT_EQ(parse_level("warning"), Level::Warning);
    EXPECT_EQ(parse_level("debug"), Level::Debug);
    EXPECT_EQ(parse_level("verbose"), std::nullopt);
}

}  // namespace
}  // namespace terway::log
