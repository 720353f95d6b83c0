// terway-policy-cases: what it says of cases that hold, that do not, and that it cannot play.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "patience.hpp"
#include "sim/process.hpp"

namespace terway::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Nobody may come to x/b. `expected` is a member of the only step: which table is expected then.
std::string file(const std::string& expected) {
    return R"({"format": 1, "clusters": {"small": {"namespaces": {"x": {"labels": {}}},
        "nodes": {"n1": {"ips": ["192.168.1.1"]}, "n2": {"ips": ["192.168.1.2"]}},
        "pods": [{"namespace": "x", "name": "a", "labels": {}, "ip": "10.244.1.10", "node": "n1"},
                 {"namespace": "x", "name": "b", "labels": {"closed": "yes"}, "ip": "10.244.1.20",
                  "node": "n2"}],
        "externals": []}},
        "cases": [{"id": "closed", "cluster": "small", "probes": ["TCP/80"], "steps": [{
            "actions": [{"createPolicy": {"apiVersion": "networking.k8s.io/v1",
                "kind": "NetworkPolicy", "metadata": {"namespace": "x", "name": "deny"},
                "spec": {"podSelector": {"matchLabels": {"closed": "yes"}},
                         "policyTypes": ["Ingress"]}}}])" +
           expected + "}]}]}";
}

// The rows of x/a, x/b, node:n1 and node:n2.
std::string table(const std::string& a, const std::string& b) {
    return R"(, "expected": {"TCP/80": {"x/a": ")" + a + R"(", "x/b": ")" + b +
           R"(", "node:n1": ".X--", "node:n2": "..--"}})";
}

sim::Outcome play(const std::string& text, const std::vector<std::string>& more = {}) {
    std::vector<std::string> argv{TERWAY_PLAYER, "-"};
    argv.insert(argv.end(), more.begin(), more.end());
    return sim::run_program({argv, {{"PATH", sim::kUsualPath}}, text, -1, {}, {}},
                            after(patience(std::chrono::seconds(60))));
}

TEST(PolicyCasesProgram, EndsWithZeroWherePacketsAreAsTheFileHasThem) {
    const auto outcome = play(file(table(".X..", "....")));
    EXPECT_EQ(outcome.exit, 0) << outcome.err;
    EXPECT_THAT(outcome.out, AllOf(HasSubstr("ok     closed (12 cells)"),
                                   HasSubstr("1 cases, 0 wrong, 0 differing cells")));
}

TEST(PolicyCasesProgram, NamesEveryCellThatDiffers) {
    const auto outcome = play(file(table("....", "X...")));
    EXPECT_EQ(outcome.exit, 3) << outcome.err;
    EXPECT_THAT(outcome.out,
                AllOf(HasSubstr("WRONG  closed (12 cells)"),
                      HasSubstr("closed step 0 TCP/80 x/a -> x/b: expected ., seen X, policy "
                                "eval X\n"),
                      HasSubstr("closed step 0 TCP/80 x/b -> x/a: expected X, seen ., policy "
                                "eval .\n"),
                      HasSubstr("1 cases, 1 wrong, 2 differing cells")));
}

TEST(PolicyCasesProgram, ComparesWithTheResolverWhereTheFileExpectsNothing) {
    const auto outcome = play(file(""));
    EXPECT_EQ(outcome.exit, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("played closed (12 cells, 12 of which the file says "
                                       "nothing, so compared with policy eval)"));
    const auto open = play(file(table(".?..", "....")));
    EXPECT_EQ(open.exit, 0) << open.err;
    EXPECT_THAT(open.out, HasSubstr("ok     closed (12 cells, 1 of which the file says nothing"));
}

TEST(PolicyCasesProgram, WritesWhatItSawForAGrader) {
    const auto outcome = play(file(table(".X..", "....")), {"-o", "json"});
    EXPECT_EQ(outcome.exit, 0) << outcome.err;
    EXPECT_EQ(outcome.out, R"({"closed":[{"TCP/80":{"x/a":".X..","x/b":"....","node:n1":".X--",)"
                           R"("node:n2":"..--"}}]})"
                           "\n");
}

TEST(PolicyCasesProgram, EndsWithOneWhereItCannotPlay) {
    const auto broken = play("{\n  \"format\": 2}");
    EXPECT_EQ(broken.exit, 1);
    EXPECT_THAT(broken.err, HasSubstr("standard input:2:"));
    const auto missing = play(file(""), {"--case", "open"});
    EXPECT_EQ(missing.exit, 1);
    EXPECT_THAT(missing.err, HasSubstr("there is no case \"open\""));
    EXPECT_THAT(missing.out, Not(HasSubstr("closed")));
}

}  // namespace
}  // namespace terway::test
