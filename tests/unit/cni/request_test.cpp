#include "cni/request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cni/failure.hpp"
#include "support.hpp"

namespace terway::cni {
namespace {

using test::config_with;
using test::environment_for;
using testing::HasSubstr;

constexpr const char* kPrevious = R"("prevResult":{"cniVersion":"1.1.0"})";

struct Refusal {
    const char* name;  // also the test's
    const char* verb;
    Environment changes;  // an empty value removes the variable
    std::string config;
    Code code;
    std::vector<const char*> texts;  // all in the message or the details
};

std::ostream& operator<<(std::ostream& out, const Refusal& refusal) {
    return out << refusal.name;
}

class RequestRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(RequestRefusal, HasTheCodeOfTheSpecificationAndNamesTheCulprit) {
    const auto& row = GetParam();
    Invocation invocation{environment_for(row.verb), row.config};
    for (const auto& [name, value] : row.changes) {
        invocation.env[name] = value;
    }
    try {
        const auto accepted = parse_request(invocation);
        FAIL() << "accepted";
    } catch (const CniError& error) {
        EXPECT_EQ(error.code(), row.code) << error.what();
        for (const auto* text : row.texts) {
            EXPECT_THAT(std::string(error.what()) + "; " + error.details(), HasSubstr(text));
        }
    }
}

std::vector<Refusal> refusals() {
    const auto good = config_with();
    const auto env = Code::InvalidEnvironment;
    std::vector<Refusal> rows = {
        {"NoCommand", "ADD", {{"CNI_COMMAND", ""}}, good, env, {"CNI_COMMAND"}},
        {"UnknownCommand", "ADD", {{"CNI_COMMAND", "NOPE"}}, good, env, {"NOPE"}},
        {"LowerCaseCommand", "ADD", {{"CNI_COMMAND", "add"}}, good, env, {"add"}},
        {"BinaryCommand", "ADD", {{"CNI_COMMAND", "\xff"}}, good, env, {"CNI_COMMAND"}},
        {"AddLacksEverything",
         "ADD",
         {{"CNI_CONTAINERID", ""}, {"CNI_NETNS", ""}, {"CNI_IFNAME", ""}, {"CNI_PATH", ""}},
         good,
         env,
         {"CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH", "ADD"}},
        {"DelLacksEverythingButTheNamespace",
         "DEL",
         {{"CNI_CONTAINERID", ""}, {"CNI_NETNS", ""}, {"CNI_IFNAME", ""}, {"CNI_PATH", ""}},
         good,
         env,
         {"[CNI_CONTAINERID,CNI_IFNAME,CNI_PATH]"}},
        {"BadJson", "ADD", {}, "{", Code::Decoding, {"no JSON"}},
        {"EmptyInput", "ADD", {}, "", Code::Decoding, {"no JSON"}},
        {"InputIsAnArray", "ADD", {}, "[]", Code::Decoding, {"not an object"}},
        {"TwoDocuments", "ADD", {}, good + good, Code::Decoding, {"no JSON"}},
        {"NameIsANumber",
         "ADD",
         {},
         R"({"cniVersion":"1.1.0","name":7})",
         Code::Decoding,
         {"name"}},
        {"NoName", "ADD", {}, R"({"cniVersion":"1.1.0"})", Code::InvalidConfig, {"network name"}},
        {"EmptyName",
         "ADD",
         {},
         R"({"cniVersion":"1.1.0","name":""})",
         Code::InvalidConfig,
         {"network name"}},
        {"BadName",
         "ADD",
         {},
         R"({"cniVersion":"1.1.0","name":"-a"})",
         Code::InvalidConfig,
         {"name", "-a"}},
        {"NameWithASlash",
         "ADD",
         {},
         R"({"cniVersion":"1.1.0","name":"a/b"})",
         Code::InvalidConfig,
         {"a/b"}},
        {"NoVersionMeansTheFirst",
         "ADD",
         {},
         R"({"name":"pods"})",
         Code::IncompatibleVersion,
         {"0.1.0", "0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0"}},
        {"OldVersion",
         "ADD",
         {},
         R"({"name":"pods","cniVersion":"0.2.0"})",
         Code::IncompatibleVersion,
         {"0.2.0", "1.1.0"}},
        {"FutureVersion",
         "DEL",
         {},
         R"({"name":"pods","cniVersion":"9.0.0"})",
         Code::IncompatibleVersion,
         {"9.0.0"}},
        {"NoVersionAtAll",
         "ADD",
         {},
         R"({"name":"pods","cniVersion":"new"})",
         Code::Decoding,
         {"cniVersion", "new"}},
        {"VersionIsANumber",
         "ADD",
         {},
         R"({"name":"pods","cniVersion":1})",
         Code::Decoding,
         {"cniVersion"}},
        {"CheckOfTooOldAConfig",
         "CHECK",
         {},
         R"({"name":"pods","cniVersion":"0.3.1","prevResult":{}})",
         Code::IncompatibleVersion,
         {"CHECK", "0.3.1"}},
        {"CheckWithoutPrevResult", "CHECK", {}, good, Code::InvalidConfig, {"prevResult"}},
        {"GcOfTooOldAConfig",
         "GC",
         {},
         R"({"name":"pods","cniVersion":"1.0.0"})",
         Code::IncompatibleVersion,
         {"GC", "1.0.0"}},
        {"StatusOfTooOldAConfig",
         "STATUS",
         {},
         R"({"name":"pods","cniVersion":"1.0.0"})",
         Code::IncompatibleVersion,
         {"STATUS", "1.0.0"}},
        {"ArgumentWithoutAValue",
         "ADD",
         {{"CNI_ARGS", "K8S_POD_NAME=a;b"}},
         good,
         env,
         {"CNI_ARGS", "\"b\""}},
        {"ArgumentWithABadAddress", "ADD", {{"CNI_ARGS", "IP=10.0.0"}}, good, env, {"IP"}},
        {"ArgumentWithABadMac", "ADD", {{"CNI_ARGS", "MAC=02:00"}}, good, env, {"MAC"}},
        {"BinaryName", "ADD", {{"CNI_\xff", "1"}}, good, env, {"name"}},
        {"BinaryArgument", "ADD", {{"CNI_ARGS", "K=\xc3"}}, good, env, {"CNI_ARGS"}},
    };
    const std::vector<std::pair<const char*, std::vector<const char*>>> required = {
        {"ADD", {"CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"}},
        {"DEL", {"CNI_CONTAINERID", "CNI_IFNAME", "CNI_PATH"}},
        {"CHECK", {"CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"}},
        {"GC", {"CNI_PATH"}},
        {"STATUS", {"CNI_PATH"}}};
    for (const auto& [verb, variables] : required) {
        for (const auto* variable : variables) {
            rows.push_back(
                {"Lacks", verb, {{variable, ""}}, config_with(kPrevious), env, {variable, verb}});
        }
    }
    for (const auto* id : {".a", "-a", "_a", "a/b", "a b", "a:b", "\xc3\xa4"}) {
        rows.push_back(
            {"ContainerId", "ADD", {{"CNI_CONTAINERID", id}}, good, env, {"CNI_CONTAINERID", id}});
    }
    for (const auto* name : {".", "..", "a/b", "a:b", "a b", "a\tb", "a\nb", "sixteen-bytes-xx"}) {
        rows.push_back({"Ifname", "DEL", {{"CNI_IFNAME", name}}, good, env, {"CNI_IFNAME", name}});
    }
    return rows;
}

INSTANTIATE_TEST_SUITE_P(Table, RequestRefusal, testing::ValuesIn(refusals()),
                         [](const auto& each) {
                             return std::to_string(each.index) + each.param.name;
                         });

class RequestOfVerb : public testing::TestWithParam<const char*> {};

TEST_P(RequestOfVerb, IsAcceptedWithExactlyWhatItNeeds) {
    const std::string verb = GetParam();
    const auto request = parse_request({environment_for(verb), config_with(kPrevious)});
    EXPECT_EQ(text_of(request.verb), verb);
    if (verb != "VERSION") {
        EXPECT_EQ(request.config.name, "pods");
    }
}

INSTANTIATE_TEST_SUITE_P(All, RequestOfVerb,
                         testing::Values("ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION"),
                         [](const auto& each) { return std::string(each.param); });

TEST(Request, CarriesEveryVariable) {
    auto env = environment_for("ADD");
    env["CNI_ARGS"] =
        "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=cart-0;K8S_POD_UID=11-22;"
        "K8S_POD_INFRA_CONTAINER_ID=0123abc;IP=10.0.0.9/24,fd00::9;MAC=02:00:00:00:00:09;X=y=z;";
    env["CNI_NETNS_OVERRIDE"] = "True";
    env["TRACEPARENT"] = "00-1-2-01";
    env["TRACESTATE"] = "a=b";
    env["BAGGAGE"] = "c=d";
    const auto request = parse_request({env, config_with()});
    EXPECT_EQ(request.verb, Verb::Add);
    EXPECT_EQ(request.container_id, "0123abc");
    EXPECT_EQ(request.ifname, "eth0");
    EXPECT_EQ(request.netns, "/run/netns/pod");
    EXPECT_TRUE(request.netns_override);
    EXPECT_EQ(request.path, (std::vector<std::string>{"/opt/cni/bin", "/usr/lib/cni"}));
    EXPECT_EQ(request.args.raw, env["CNI_ARGS"]);
    EXPECT_EQ(request.args.pod_namespace, "shop");
    EXPECT_EQ(request.args.pod_name, "cart-0");
    EXPECT_EQ(request.args.pod_uid, "11-22");
    EXPECT_EQ(request.args.infra_container_id, "0123abc");
    EXPECT_EQ(request.args.ips, (std::vector<IpAddress>{*IpAddress::parse("10.0.0.9"),
                                                        *IpAddress::parse("fd00::9")}));
    EXPECT_EQ(request.args.mac, Mac::parse("02:00:00:00:00:09"));
    EXPECT_EQ(request.traceparent, "00-1-2-01");
    EXPECT_EQ(request.tracestate, "a=b");
    EXPECT_EQ(request.baggage, "c=d");
}

TEST(Request, AcceptsNamesAtTheEdgeOfTheRules) {
    auto env = environment_for("ADD");
    env["CNI_CONTAINERID"] = "0a_b.c-D";
    env["CNI_IFNAME"] = "fifteen-bytes-x";
    EXPECT_NO_THROW(static_cast<void>(parse_request({env, config_with()})));
    env["CNI_IFNAME"] = "...";
    EXPECT_NO_THROW(static_cast<void>(parse_request({env, config_with()})));
}

TEST(Request, NetnsOverrideIsOnForOneAndTrueOnly) {
    for (const auto& [value, on] : std::vector<std::pair<const char*, bool>>{{"1", true},
                                                                             {"true", true},
                                                                             {"TRUE", true},
                                                                             {"0", false},
                                                                             {"yes", false},
                                                                             {"", false}}) {
        auto env = environment_for("ADD");
        env["CNI_NETNS_OVERRIDE"] = value;
        EXPECT_EQ(parse_request({env, config_with()}).netns_override, on) << value;
    }
}

TEST(Request, DeletesWithoutANamespace) {
    auto env = environment_for("DEL");
    env.erase("CNI_NETNS");
    EXPECT_EQ(parse_request({env, config_with()}).netns, "");
}

TEST(Request, DeletesWhateverBecameOfTheOptionalParts) {
    auto env = environment_for("DEL");
    env["CNI_ARGS"] = "K8S_POD_NAME=cart-0;broken;MAC=zz;IP=x";
    const auto request = parse_request(
        {env, config_with(R"("prevResult":[],"runtimeConfig":{"mac":"zz"},"mtu":"big","dns":7,)"
                          R"("args":{"cni":{"ips":["x"]}})")});
    EXPECT_EQ(request.args.pod_name, "cart-0");
    EXPECT_FALSE(request.args.mac);
    EXPECT_FALSE(request.config.previous);
    EXPECT_FALSE(request.config.mtu);
    EXPECT_FALSE(request.config.runtime.mac);
}

TEST(Request, AnswersVersionWhateverTheInputIs) {
    EXPECT_EQ(parse_request({{{"CNI_COMMAND", "VERSION"}}, "{{{"}).verb, Verb::Version);
    EXPECT_EQ(parse_request({{{"CNI_COMMAND", "VERSION"}}, ""}).verb, Verb::Version);
}

// podman asks for the version with placeholders in the other variables.
TEST(Request, AnswersVersionWhateverTheOtherVariablesAre) {
    EXPECT_EQ(parse_request({{{"CNI_COMMAND", "VERSION"},
                              {"CNI_NETNS", "dummy"},
                              {"CNI_IFNAME", "a/b"},
                              {"CNI_CONTAINERID", "-"}},
                             ""})
                  .verb,
              Verb::Version);
}

TEST(Request, TakesTheStrongestSourceOfAddresses) {
    auto env = environment_for("ADD");
    env["CNI_ARGS"] = "IP=10.0.0.1;MAC=02:00:00:00:00:01";
    const auto ips_for = [&](const std::string& more) {
        return requested_ips(parse_request({env, config_with(more)})).at(0).text();
    };
    EXPECT_EQ(ips_for(""), "10.0.0.1");
    EXPECT_EQ(ips_for(R"("args":{"cni":{"ips":["10.0.0.2"]}})"), "10.0.0.2");
    EXPECT_EQ(
        ips_for(R"("args":{"cni":{"ips":["10.0.0.2"]}},"runtimeConfig":{"ips":["10.0.0.3/24"]})"),
        "10.0.0.3");
}

TEST(Request, PrefersTheMacOfTheRuntimeConfig) {
    auto env = environment_for("ADD");
    EXPECT_FALSE(requested_mac(parse_request({env, config_with()})));
    env["CNI_ARGS"] = "MAC=02:00:00:00:00:01";
    EXPECT_EQ(requested_mac(parse_request({env, config_with()})), Mac::parse("02:00:00:00:00:01"));
    EXPECT_EQ(requested_mac(parse_request(
                  {env, config_with(R"("runtimeConfig":{"mac":"02:00:00:00:00:02"})")})),
              Mac::parse("02:00:00:00:00:02"));
}

TEST(CallEnvironment, KeepsWhatBelongsToTheCallAndNothingElse) {
    const std::array<const char*, 8> envp = {"CNI_COMMAND=ADD", "PATH=/bin",     "TRACEPARENT=t=1",
                                             "BAGGAGE=\xff",    "KUBECONFIG=/x", "CNI_\xff=1",
                                             "NOVALUE",         nullptr};
    EXPECT_EQ(call_environment(envp.data()),
              (Environment{{"CNI_COMMAND", "ADD"}, {"TRACEPARENT", "t=1"}}));
}

}  // namespace
}  // namespace terway::cni
