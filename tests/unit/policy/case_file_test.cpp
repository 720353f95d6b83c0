#include "policy/cases/case_file.hpp"

#include <gmock/gmock.h>

#include "policy/cases/evaluate.hpp"
#include "policy_testing.hpp"
#include "terway/error.hpp"

namespace terway::policy {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

constexpr const char* kClusters = R"({"format": 1, "clusters": {"c": {
  "namespaces": {"x": {"labels": {"ns": "x"}}},
  "nodes": {"n1": {"ips": ["192.168.0.1", "fd01::1"]}},
  "pods": [{"namespace": "x", "name": "a", "ip": "10.0.0.1", "node": "n1"},
           {"namespace": "x", "name": "b", "ips": ["10.0.0.2", "fd00::2"], "node": "n1",
            "labels": {"app": ""}, "ports": [{"name": "web", "port": 80}]},
           {"namespace": "x", "name": "over", "ip": "10.0.0.3", "phase": "Succeeded"}],
  "externals": [{"name": "e", "ip": "203.0.113.1"}],
  "services": [{"namespace": "x", "name": "s", "selector": {"app": ""},
                "ports": [{"port": 8080, "targetPort": "web"}]}]}},
 "cases": [)";

CaseFile read(const std::string& what) {
    return read_case_file(kClusters + what + "]}", "f.json");
}

CaseFile read_steps(const std::string& steps) {
    return read(R"({"id": "one", "cluster": "c", "probes": ["TCP/80"],
        "serviceProbes": [{"from": "x/a", "service": "x/s", "port": 8080}],
        "steps": [)" +
                steps + "]}");
}

CaseResult play(const std::string& steps) {
    const auto file = read_steps(steps);
    return evaluate(file.cases.at(0));
}

std::string complaint(const std::string& text) {
    try {
        (void)read_case_file(text, "f.json");
    } catch (const Error& error) {
        return error.what();
    }
    return "nothing was wrong";
}

std::string complaint_of_spec(const std::string& spec) {
    try {
        (void)policy(spec);
    } catch (const Error& error) {
        return error.what();
    }
    return "nothing was wrong";
}

TEST(CaseFile, SaysInWhichLineAndColumnAMistakeIs) {
    EXPECT_THAT(complaint("{\n  \"format\": 1,\n  \"clusters\": {},\n  \"cases\": [{}, ]\n}"),
                StartsWith("f.json:4:17: no valid JSON"));
    EXPECT_EQ(complaint("{\n  \"format\": 1,\n  \"clusters\": {},\n  \"cases\": [\n    {}]}"),
              "f.json:5:5: cases[0]: has no \"id\"");
    EXPECT_EQ(complaint("{\"format\": 2, \"clusters\": {}, \"cases\": []}"),
              "f.json:1:12: format: is not the format 1, which is the only one there is");
    EXPECT_THAT(complaint("[]"), HasSubstr("must be an object"));
    EXPECT_THAT(complaint(""), StartsWith("f.json:1:1: "));
}

TEST(CaseFile, RefusesTablesThatAreNoTables) {
    const auto steps = [](const std::string& expected) {
        return R"({"id": "i", "cluster": "c", "probes": ["TCP/80"], "steps": [
            {"expected": )" +
               expected + "}]}";
    };
    const auto complain = [&](const std::string& expected) {
        return complaint(kClusters + steps(expected) + "]}");
    };
    EXPECT_THAT(complain(R"({"TCP/80": {"x/a": "..", "x/b": "."}})"),
                HasSubstr("expected.TCP/80.x/b: must have as many characters as there are rows"));
    EXPECT_THAT(complain(R"({"TCP/80": {"x/a": "y"}})"), HasSubstr("has another character"));
    EXPECT_THAT(complain(R"({"TCP/81": {}})"), HasSubstr("is none of the probes of the case"));
    EXPECT_THAT(complaint(std::string(kClusters) + R"({"id": "i", "cluster": "d", "steps": []}]})"),
                HasSubstr("there is no cluster \"d\""));
    EXPECT_THAT(complaint(std::string(kClusters) +
                          R"({"id": "i", "cluster": "c", "steps": [{"actions": [{"fly": 1}]}]}]})"),
                HasSubstr("cases[0].steps[0].actions[0].fly: is no action"));
}

TEST(CaseFile, KnowsProbesOfAllKinds) {
    EXPECT_EQ(parse_probe("SCTP/80")->protocol, Protocol::Sctp);
    EXPECT_EQ(parse_probe("TCP/80/v6")->family, Family::V6);
    EXPECT_EQ(parse_probe("TCP/65535/v4")->port, 65535);
    for (const auto* const text :
         {"TCP", "TCP/", "ICMP/1", "TCP/0", "TCP/65536", "TCP/80/v5", "TCP/80/"}) {
        EXPECT_EQ(parse_probe(text), std::nullopt) << text;
    }
}

TEST(CaseFile, RefusesPoliciesAsTheApiServerDoes) {
    EXPECT_THAT(complaint_of_spec(R"({"ingress": [{"from": [{}]}]})"),
                HasSubstr("spec.ingress[0].from[0]: must have a podSelector"));
    EXPECT_THAT(complaint_of_spec(R"({"ingress": [{"from": [{"podSelector": {},
        "ipBlock": {"cidr": "10.0.0.0/8"}}]}]})"),
                HasSubstr("has an ipBlock and a selector"));
    EXPECT_THAT(complaint_of_spec(R"({"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8",
        "except": ["11.0.0.0/16"]}}]}]})"),
                HasSubstr("spec.egress[0].to[0].ipBlock.except[0]: is not within 10.0.0.0/8"));
    EXPECT_THAT(complaint_of_spec(R"({"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8",
        "except": ["10.0.0.0/8"]}}]}]})"),
                HasSubstr("is not within"));
    EXPECT_THAT(complaint_of_spec(R"({"ingress": [{"ports": [{"endPort": 80}]}]})"),
                HasSubstr("needs a port"));
    EXPECT_THAT(complaint_of_spec(R"({"ingress": [{"ports": [{"port": 80, "endPort": 79}]}]})"),
                HasSubstr("is less than the port"));
    EXPECT_THAT(complaint_of_spec(R"({"ingress": [{"ports": [{"port": "web", "endPort": 79}]}]})"),
                HasSubstr("does not go with a name"));
    EXPECT_THAT(complaint_of_spec(R"({"ingress": [{"ports": [{"port": "80"}]}]})"),
                HasSubstr("is no port name"));
    EXPECT_THAT(complaint_of_spec(R"({"ingress": [{"ports": [{"protocol": "tcp"}]}]})"),
                HasSubstr("is none of TCP, UDP and SCTP"));
    EXPECT_THAT(complaint_of_spec(R"({"podSelector": {"matchExpressions": [
        {"key": "a", "operator": "In"}]}})"),
                HasSubstr("In needs values"));
    EXPECT_THAT(complaint_of_spec(R"({"podSelector": {"matchExpressions": [
        {"key": "a", "operator": "Exists", "values": ["b"]}]}})"),
                HasSubstr("Exists takes no values"));
    EXPECT_THAT(complaint_of_spec(R"({"podSelector": {"matchLabels": {"a b": "c"}}})"),
                HasSubstr("is no label key"));
    EXPECT_THAT(complaint_of_spec(R"({"policyTypes": ["Both"]})"),
                HasSubstr("is neither Ingress nor Egress"));
    EXPECT_THAT(complaint_of_spec(R"({"ingres": []})"), HasSubstr("is not known here"));
}

TEST(CaseFile, RefusesClusterPoliciesAsTheApiServerDoes) {
    const auto complaint = [](const std::string& tier, const std::string& rest) {
        try {
            (void)cluster_policy(R"({"tier": ")" + tier + R"(", "priority": 5)" + rest + "}");
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    const std::string all = R"(, "subject": {"namespaces": {}})";
    const auto of_egress = [&](const std::string& rule) {
        return complaint("Admin", all + R"(, "egress": [{"action": "Deny", )" + rule + "}]");
    };
    EXPECT_EQ(of_egress(R"("to": [{"nodes": {}}])"), "") << "experimental";
    EXPECT_THAT(complaint("Middle", all), HasSubstr("spec.tier: \"Middle\" is not known here"));
    EXPECT_THAT(complaint("Admin", ""), HasSubstr("subject"));
    EXPECT_THAT(complaint("Admin", R"(, "subject": {})"), HasSubstr("exactly one"));
    EXPECT_THAT(complaint("Admin", all + R"(, "priority": 1001)"), HasSubstr("from 0 to 1000"));
    EXPECT_THAT(complaint("Admin", all + R"(, "ingress": [{"action": "Allow", "from": []}])"),
                HasSubstr("spec.ingress[0].action: \"Allow\" is not known here"));
    EXPECT_THAT(complaint("Admin", all + R"(, "ingress": [{"action": "Deny",
        "from": [{"networks": ["10.0.0.0/8"]}]}])"),
                HasSubstr("networks: is not known here"));
    EXPECT_THAT(of_egress(R"("to": [])"), HasSubstr("from 1 to 25"));
    EXPECT_THAT(of_egress(R"("to": [{}])"), HasSubstr("spec.egress[0].to[0]: must have exactly"));
    EXPECT_THAT(of_egress(R"("to": [{"namespaces": {}, "networks": ["10.0.0.0/8"]}])"),
                HasSubstr("exactly one"));
    EXPECT_THAT(of_egress(R"("to": [{"networks": ["10.0.0.0"]}])"), HasSubstr("is no CIDR"));
    EXPECT_THAT(of_egress(R"("to": [{"domainNames": ["a.b"]}])"), HasSubstr("for Accept only"));
    EXPECT_THAT(of_egress(R"("to": [{"namespaces": {}}], "protocols": [])"),
                HasSubstr("from 1 to 25"));
    EXPECT_THAT(of_egress(R"("to": [{"namespaces": {}}],
        "protocols": [{"tcp": {"destinationPort": {"number": 0}}}])"),
                HasSubstr("from 1 to 65535"));
    EXPECT_THAT(of_egress(R"("to": [{"namespaces": {}}],
        "protocols": [{"tcp": {"destinationPort": {"range": {"start": 9, "end": 9}}}}])"),
                HasSubstr("must start before it ends"));
    EXPECT_THAT(of_egress(R"("to": [{"networks": ["10.0.0.0/8"]}],
        "protocols": [{"destinationNamedPort": "web"}])"),
                HasSubstr("has no ports with names"));
}

TEST(CaseFile, TakesNullForAbsent) {
    const auto read = policy(R"({"podSelector": null, "ingress": [{"from": null, "ports": null}],
        "egress": null, "policyTypes": null})");
    ASSERT_THAT(read.ingress.value(), SizeIs(1));
    EXPECT_EQ(read.ingress->front(), kube::PolicyRule{});
    EXPECT_FALSE(read.egress);
}

TEST(Evaluate, GivesPodsThatAreOverNoConnection) {
    const auto result = play("{}");
    EXPECT_EQ(result.steps.at(0).tables.at(0).second, (Table{{"x/a", "..-.."},
                                                             {"x/b", "..-.."},
                                                             {"x/over", "-----"},
                                                             {"node:n1", "..---"},
                                                             {"ext:e", "..---"}}));
    EXPECT_EQ(result.steps.at(0).services.at(0), (Backends{{"x/b:80", '.'}}));
}

TEST(Evaluate, NamesEveryCellThatDiffersAndNoneThatIsNotAsserted) {
    const auto result = play(R"({"expected": {"TCP/80": {"x/a": "XX", "node:n1": "??"}},
                                 "expectedServices": [{"x/b:80": "X"}]})");
    ASSERT_THAT(result.differences, SizeIs(3));
    EXPECT_EQ(result.differences[0].text(), "step 0 TCP/80 x/a -> x/a: expected X, found .");
    EXPECT_EQ(result.differences[1].text(), "step 0 TCP/80 x/a -> node:n1: expected X, found .");
    EXPECT_EQ(result.differences[2].text(), "step 0 service 0 x/a -> x/b:80: expected X, found .");
    EXPECT_FALSE(result.is_fine());
}

TEST(Evaluate, EndsACaseWhoseActionTheApiServerRefuses) {
    EXPECT_THAT(play(R"({"actions": [{"deletePod": {"namespace": "x", "name": "c"}}]})").complaint,
                HasSubstr("steps[0].actions[0].deletePod: there is no pod x/c"));
    EXPECT_THAT(play(R"({"actions": [{"createPod": {"namespace": "x", "name": "a"}}]})").complaint,
                HasSubstr("the pod x/a exists"));
    EXPECT_THAT(play(R"({"expected": {"TCP/80": {"x/q": "."}}})").complaint,
                HasSubstr("there is no x/q"));
}

TEST(Evaluate, PlaysEveryAction) {
    const auto policy = [](const char* spec) {
        return R"({"metadata": {"namespace": "x", "name": "p"}, "spec": )" + std::string(spec) +
               "}";
    };
    const auto result = play(
        R"({"actions": [{"createPolicy": )" +
        policy(R"({"podSelector": {"matchLabels": {"app": "b"}}})") +
        R"(}, {"setPodLabels": {"namespace": "x", "name": "b", "labels": {"app": "b"}}}],
            "expected": {"TCP/80": {"x/a": ".X", "x/b": ".."}}},
           {"actions": [{"restartAgent": {}}, {"noop": {}},
                {"setPodTerminating": {"namespace": "x", "name": "b"}}],
            "expected": {"TCP/80": {"x/a": ".X", "x/b": ".."}}},
           {"actions": [{"updatePolicy": )" +
        policy(
            R"({"ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"team": "w"}}}]}]})") +
        R"(}, {"createNamespace": {"name": "w", "labels": {"team": "w"}}},
                {"createPod": {"namespace": "w", "name": "c", "ip": "10.0.1.1"}}],
            "expected": {"TCP/80": {"w/c": "...", "x/a": "..X", "x/b": ".X."}}},
           {"actions": [{"setNamespaceLabels": {"name": "w"}}],
            "expected": {"TCP/80": {"w/c": ".XX", "x/a": "..X", "x/b": ".X."}}},
           {"actions": [{"deleteNamespace": {"name": "w"}},
                {"setPodPhase": {"namespace": "x", "name": "a", "phase": "Failed"}}],
            "expected": {"TCP/80": {"x/a": "--", "x/b": "-."}}},
           {"actions": [{"deletePolicy": {"namespace": "x", "name": "p"}},
                {"setPodPhase": {"namespace": "x", "name": "a", "phase": "Running"}}],
            "expected": {"TCP/80": {"x/a": "..", "x/b": ".."}}})");
    EXPECT_EQ(result.complaint, "");
    EXPECT_THAT(result.steps, SizeIs(6));
    for (const auto& difference : result.differences) {
        ADD_FAILURE() << difference.text();
    }
}

}  // namespace
}  // namespace terway::policy
