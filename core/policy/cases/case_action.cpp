#include <functional>

#include "policy/cases/case_parts.hpp"
#include "policy/cases/policy_check.hpp"

namespace terway::policy {
namespace {

using What = CaseAction::What;
using Reader = What (*)(const Part&, kube::Words&);

CaseNamespace read_namespace(const Part& part, kube::Words& words) {
    const auto name = part.at("name").text();
    return {name, namespace_labels(name, part, words)};
}

const std::map<std::string, Reader, std::less<>>& readers() {
    static const std::map<std::string, Reader, std::less<>> all{
        {"noop", [](const Part&, kube::Words&) -> What { return Noop{}; }},
        {"restartAgent", [](const Part&, kube::Words&) -> What { return RestartAgent{}; }},
        {"createPolicy",
         [](const Part& part, kube::Words& words) -> What {
             return CreatePolicy{read_policy(part, words)};
         }},
        {"updatePolicy",
         [](const Part& part, kube::Words& words) -> What {
             return UpdatePolicy{read_policy(part, words)};
         }},
        {"deletePolicy",
         [](const Part& part, kube::Words&) -> What { return DeletePolicy{read_name(part)}; }},
        {"createClusterPolicy",
         [](const Part& part, kube::Words& words) -> What {
             return CreateClusterPolicy{read_cluster_policy(part, words)};
         }},
        {"updateClusterPolicy",
         [](const Part& part, kube::Words& words) -> What {
             return UpdateClusterPolicy{read_cluster_policy(part, words)};
         }},
        {"deleteClusterPolicy",
         [](const Part& part, kube::Words&) -> What {
             return DeleteClusterPolicy{part.at("name").text()};
         }},
        {"createNamespace",
         [](const Part& part, kube::Words& words) -> What {
             return CreateNamespace{read_namespace(part, words)};
         }},
        {"setNamespaceLabels",
         [](const Part& part, kube::Words& words) -> What {
             return SetNamespaceLabels{read_namespace(part, words)};
         }},
        {"deleteNamespace",
         [](const Part& part, kube::Words&) -> What {
             return DeleteNamespace{part.at("name").text()};
         }},
        {"createPod",
         [](const Part& part, kube::Words& words) -> What {
             return CreatePod{read_pod(part, words)};
         }},
        {"deletePod",
         [](const Part& part, kube::Words&) -> What { return DeletePod{read_name(part)}; }},
        {"setPodLabels",
         [](const Part& part, kube::Words& words) -> What {
             return SetPodLabels{read_name(part), read_labels(part, words)};
         }},
        {"setPodPhase",
         [](const Part& part, kube::Words&) -> What {
             return SetPodPhase{read_name(part), read_phase(part.at("phase"))};
         }},
        {"setPodTerminating",
         [](const Part& part, kube::Words&) -> What { return SetPodTerminating{read_name(part)}; }},
    };
    return all;
}

}  // namespace

CaseAction read_action(const Part& part, kube::Words& words) {
    const auto members = part.members();
    if (members.size() != 1) {
        part.refuse("must have one member, the action");
    }
    const auto& [name, argument] = members.front();
    const auto reader = readers().find(name);
    if (reader == readers().end()) {
        argument.refuse("is no action");
    }
    return {reader->second(argument, words), argument.place()};
}

}  // namespace terway::policy
