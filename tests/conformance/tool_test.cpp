// The tool finds what is wrong with modules that are wrong on purpose, and nothing wrong with those
// that are not.
#include <gmock/gmock.h>

#include <cstdio>
#include <string>

#include "base/file.hpp"
#include "base/netns.hpp"
#include "command.hpp"

namespace terway::conformance {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// For nodes with an ENI.
std::string eni_config() {
    const std::string path = ::testing::TempDir() + "terway-conformance-eni.toml";
    write_file_durably(path, "[conformance]\neni = true\n");
    return path;
}

Outcome examine(const std::string& module, std::vector<std::string> options) {
    options.insert(options.begin(),
                   {TERWAY_CONFORMANCE_TOOL, TERWAY_SUBJECTS_DIR "/test." + module + ".so"});
    return run(Netns::current().fd(), options);
}

// The tool says that this law is broken, and why, and exits with 1.
void expect_broken(const std::string& module, int law, const std::string& reason) {
    const auto outcome = examine(module, {"--law", std::to_string(law)});
    const std::string number = (law < 10 ? " " : "") + std::to_string(law);
    EXPECT_EQ(outcome.status, 1) << outcome.output << outcome.errors;
    EXPECT_THAT(outcome.output, ::testing::ContainsRegex("law " + number + " .* BROKEN"));
    EXPECT_THAT(outcome.output, HasSubstr(reason));
}

void expect_broken_on_eni(const std::string& module, int law, const std::string& reason) {
    const auto path = eni_config();
    const auto outcome = examine(module, {"--config", path, "--law", std::to_string(law)});
    EXPECT_EQ(outcome.status, 1) << outcome.output << outcome.errors;
    EXPECT_THAT(outcome.output, HasSubstr(reason));
    // Its sound relative passes.
    const auto sound = examine("routes_eni", {"--config", path, "--law", std::to_string(law)});
    EXPECT_EQ(sound.status, 0) << sound.output << sound.errors;
}

void expect_lawful(const std::string& module, int law) {
    const auto outcome = examine(module, {"--law", std::to_string(law)});
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.errors;
}

TEST(Conformance, FindsARouteThatDetachForgets) {
    expect_broken("leaks_route", 1, "+ host: v4 route blackhole 10.77.0.10");
    expect_lawful("leaks_route", 8);
}

TEST(Conformance, FindsADetachThatWorksOnlyOnce) {
    expect_broken("detaches_once", 2, "does not exist");
    expect_lawful("detaches_once", 1);
}

TEST(Conformance, FindsADetachThatNeedsMoreThanTheKey) {
    expect_broken("forgets_without_state", 2, "+ host: link calic0ffee00aaa");
}

TEST(Conformance, FindsADetachThatMakesThings) {
    expect_broken("marks_detached", 3, "+ host: v4 route unreachable 10.77.0.0/16");
}

TEST(Conformance, FindsAnAttachThatLeaksWhenItFails) {
    expect_broken("leaks_on_failure", 4, "+ host: link temporary0");
    expect_lawful("leaks_on_failure", 1);
}

TEST(Conformance, FindsAVerbThatHidesItsFailure) {
    expect_broken("hides_failure", 4, "activate reports success, yet");
    expect_lawful("hides_failure", 8);
}

TEST(Conformance, FindsAnAdoptThatReplacesTheLink) {
    expect_broken("flaps_on_adopt", 5, "host_ifindex");
}

TEST(Conformance, FindsACheckThatDoesNotLook) {
    expect_broken("blind", 6, "check finds nothing wrong after this was deleted: ");
}

TEST(Conformance, FindsAForgetThatLeavesTheTableOfAnEni) {
    expect_broken_on_eni("never_forgets_eni", 14, "prepare and forget leave a trace");
}

TEST(Conformance, FindsACheckOfAnEniThatDoesNotLook) {
    expect_broken_on_eni("blind_to_eni", 15, "finds nothing wrong after this was deleted: ");
}

TEST(Conformance, FindsAPrepareThatHidesItsFailure) {
    expect_broken_on_eni("hides_eni_failure", 16, "prepare reports success, yet");
}

// Its sound relative is the module eni-exclusive.
TEST(Conformance, FindsAnEniThatDoesNotComeHome) {
    const auto outcome = examine("keeps_eni", {"--config", eni_config(), "--law", "1"});
    EXPECT_EQ(outcome.status, 1) << outcome.errors;
    EXPECT_THAT(outcome.output, HasSubstr("- host: link eth1"));
}

TEST(Conformance, FindsACheckThatDoesNotSeeAnEniInUseByNobodysPod) {
    const auto outcome = examine("keeps_eni", {"--config", eni_config(), "--law", "15"});
    EXPECT_EQ(outcome.status, 1) << outcome.errors;
    EXPECT_THAT(outcome.output,
                HasSubstr("finds nothing wrong after this was done to it: link set dev eth1 up"));
}

TEST(Conformance, FindsADetachThatTakesOthersAlong) {
    expect_broken("sweeps", 7, "- host: link calic0ffee00aaa");
    expect_lawful("sweeps", 1);
}

TEST(Conformance, FindsTrafficBeforeActivate) {
    expect_broken("early", 8, "link eth0 in the pod is up before activate");
}

TEST(Conformance, FindsSilenceAfterActivate) {
    expect_broken("mute", 8, "after activate the pod does not answer the host over IPv4");
}

TEST(Conformance, FindsAConfigureThatAcceptsUnknownKeys) {
    expect_broken("tolerant", 9, "configure accepts a key the module does not know");
}

TEST(Conformance, FindsALeakedDescriptor) {
    expect_broken("leaks_descriptor", 10, "five endpoints leave 5 file descriptors open");
}

TEST(Conformance, FindsAThreadLeftInTheSandbox) {
    expect_broken("strays", 10, "activate pod a left its thread in another network namespace");
}

TEST(Conformance, FindsAPurgeThatForgets) {
    expect_broken("never_purges", 11, "+ host: v4 route unreachable 10.77.0.0/16");
}

TEST(Conformance, FindsALimitThatOutlivesDetach) {
    expect_broken("shapes_for_ever", 1, "+ pod a: qdisc tbf on eth0 root");
}

TEST(Conformance, FindsALimitEightTimesTooHigh) {
    expect_broken("shapes_bytes", 17, "after attach the limit of 20000000.000000 bit/s");
    expect_lawful("shapes_bytes", 1);
}

TEST(Conformance, FindsAPolicyThatIsOpenUntilTheFirstApply) {
    expect_broken("filters_late", 12, "a packet reaches the pod before any policy was applied");
}

TEST(Conformance, FindsAPolicyThatKeepsWhatIsNoLongerWanted) {
    expect_broken("filters_stale", 12, "after an update that does not name it");
}

TEST(Conformance, FindsAPolicyThatPassesDifferencesOver) {
    expect_broken("filters_whole", 12, "after its only peer left the set");
}

TEST(Conformance, FindsServicesThatPassDifferencesOver) {
    expect_broken("serves_whole", 18, "after its backend has changed");
    expect_lawful("serves_whole", 12);
}

TEST(Conformance, FindsServicesThatStayWhenTheyAreGone) {
    expect_broken("serves_stale", 18, "after an update that does not name it");
}

TEST(Conformance, FindsServicesThatGiveNewConnectionsToWhoDrains) {
    expect_broken("serves_drained", 18, "a new connection goes to a backend that drains");
}

// Every law, in one run for each kind of module.
class Lawful : public ::testing::TestWithParam<const char*> {};

TEST_P(Lawful, ModulesPassEveryLaw) {
    const auto outcome = examine(GetParam(), {});
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.errors;
    EXPECT_THAT(outcome.output, HasSubstr("law 13  "));
    EXPECT_THAT(outcome.output, Not(HasSubstr("BROKEN")));
}

INSTANTIATE_TEST_SUITE_P(Kinds, Lawful, ::testing::Values("routes", "shapes", "filters", "serves"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST(Conformance, FindsAFileThatDoesNotSayWhoItIs) {
    expect_broken("tolerant", 13, "it has no .note.terway note");
    expect_lawful("mute", 13);
}

TEST(Conformance, RefusesAFileThatIsNoModule) {
    const auto outcome = run(Netns::current().fd(), {TERWAY_CONFORMANCE_TOOL, "/bin/true"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.errors, HasSubstr("cannot load"));
}

TEST(Conformance, SaysWhereAConfigurationIsWrong) {
    const std::string path = ::testing::TempDir() + "terway-conformance-wrong.toml";
    write_file_durably(path, "[module.\"test.routes\"]\nmtu = 1400\nmtuu = 3\n");
    const auto outcome = examine("routes", {"--config", path, "--law", "9"});
    (void)std::remove(path.c_str());
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.errors, HasSubstr(path + ":3:8: error: unknown key \"mtuu\""));
}

TEST(Conformance, ChecksAllLawsButThoseNotWanted) {
    const auto outcome =
        examine("routes", {"--law", "9", "--law", "13", "--without-law", "13", "--json"});
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.errors;
    EXPECT_THAT(outcome.output, HasSubstr(R"("law":9)"));
    EXPECT_THAT(outcome.output, Not(HasSubstr(R"("law":13)")));
}

TEST(Conformance, DoesNotPassAModuleOnNoLawAtAll) {
    const auto outcome = examine("routes", {"--law", "99"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.errors, HasSubstr("none of the laws chosen concerns test.routes"));
}

TEST(Conformance, PrintsOneJsonObjectWhenAsked) {
    const auto outcome = examine("tolerant", {"--law", "9", "--json"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.output, HasSubstr(R"({"module":"test.tolerant","version":"1","ok":false)"));
    EXPECT_THAT(outcome.output, HasSubstr(R"("law":9)"));
}

}  // namespace
}  // namespace terway::conformance
