#include "ctl/print_policy.hpp"

#include <boost/json.hpp>
#include <vector>

#include "ctl/table.hpp"

namespace terway::ctl {
namespace {

namespace json = boost::json;

std::string directions_of(const json::value& policy) {
    const bool ingress = policy.at("ingress").as_bool();
    const bool egress = policy.at("egress").as_bool();
    const std::string words = ingress  ? egress ? "ingress, egress" : "ingress"
                              : egress ? "egress"
                                       : "-";
    return policy.at("bad").as_bool() ? words + " (partly invalid: allows nobody)" : words;
}

std::string name_of(const json::value& policy) {
    return shortened(at(policy, "policy"));
}

std::string names_of(const json::value& object, const char* key) {
    std::string all;
    for (const auto& each : object.at(key).as_array()) {
        all += (all.empty() ? "" : ",") + shortened(text(each));
    }
    return all;
}

// "Admin 10".
std::string tier_of(const json::value& policy) {
    return at(policy, "tier") +
           (policy.at("priority").is_null() ? "" : " " + at(policy, "priority"));
}

std::string end_of(const json::value& answer, const std::string& end) {
    const auto address = at(answer, end.c_str());
    const auto& pod = answer.at(end + "_pod");
    return pod.is_null() ? address : text(pod) + " (" + address + ")";
}

std::string line_of(const json::value& end) {
    const auto word = at(end, "direction");
    std::string line = word + std::string(9 - word.size(), ' ') +
                       (end.at("allowed").as_bool() ? "allowed: " : "DENIED: ") + at(end, "reason");
    if (end.at("defect").as_bool()) {
        line += "\n         DEFECT: the rules in force say the opposite";
    } else if (end.at("asked").as_bool() && end.at("compiled").is_null()) {
        line += " (the rules of this pod are another node's, or not in force yet)";
    }
    return line + "\n";
}

std::string numbers_of(const json::value& verdicts) {
    return at(verdicts, "allowed") + " / " + at(verdicts, "denied");
}

}  // namespace

std::string print_policy_list(const json::value& answer, bool color) {
    std::string out;
    if (!answer.at("synced").as_bool()) {
        out += "the API server has not told of all policies yet\n";
    }
    if (const auto trouble = at(answer, "trouble"); !trouble.empty()) {
        out += trouble + "\n";
    }
    std::vector<Row> rows{{{"POLICY", "TIER", "DIRECTIONS", "PODS HERE"}}};
    std::size_t elsewhere = 0;
    for (const auto& each : answer.at("policies").as_array()) {
        if (each.at("pods_here").as_array().empty()) {
            ++elsewhere;
        } else {
            rows.push_back(
                {{name_of(each), tier_of(each), directions_of(each), names_of(each, "pods_here")}});
        }
    }
    out += table(rows, color);
    if (elsewhere != 0) {
        out += std::to_string(elsewhere) + " further policies select no pod of this node\n";
    }
    for (const auto& pod : answer.at("closed").as_array()) {
        out += "closed: " + at(pod, "pod") + ": " + at(pod, "reason") + "\n";
    }
    return out;
}

std::string print_policy_explain(const json::value& answer, bool /*color*/) {
    std::string out = end_of(answer, "from") + " to " + end_of(answer, "to") + ", port " +
                      at(answer, "port") + ": " +
                      (answer.at("allowed").as_bool() ? "allowed" : "DENIED") + "\n";
    if (!answer.at("synced").as_bool()) {
        out += "the API server has not told of all policies yet\n";
    }
    return out + line_of(answer.at("egress")) + line_of(answer.at("ingress"));
}

std::string print_policy_counters(const json::value& answer, bool color) {
    std::vector<Row> pods{{{"POD", "POLICIES", "INGRESS ok / denied", "EGRESS ok / denied"}}};
    for (const auto& each : answer.at("endpoints").as_array()) {
        const auto trouble = at(each, "trouble");
        pods.push_back({{shortened(at(each, "pod_namespace") + "/" + at(each, "pod_name")),
                         names_of(each, "policies"), numbers_of(each.at("ingress")),
                         trouble.empty() ? numbers_of(each.at("egress")) : trouble},
                        !trouble.empty()});
    }
    std::vector<Row> policies{{{"POLICY", "INGRESS ok / denied", "EGRESS ok / denied"}}};
    for (const auto& each : answer.at("policies").as_array()) {
        policies.push_back(
            {{name_of(each), numbers_of(each.at("ingress")), numbers_of(each.at("egress"))}});
    }
    return table(pods, color) + "\n" + table(policies, color) +
           "a policy's numbers are those of all pods here that it selects\n";
}

}  // namespace terway::ctl
