// Reads the objects in files of cases. Throw Error(Invalid) with the place. Private.
#pragma once

#include "policy/cases/case_file.hpp"
#include "policy/cases/document.hpp"

namespace terway::policy {

[[nodiscard]] CaseCluster read_cluster(const Part& part, kube::Words& words);
[[nodiscard]] CaseAction read_action(const Part& part, kube::Words& words);

[[nodiscard]] kube::Pod read_pod(const Part& part, kube::Words& words);
[[nodiscard]] ObjectName read_name(const Part& part);
// "TCP" if there is none.
[[nodiscard]] Protocol read_protocol(const Part& part);
// From 1 to 65535.
[[nodiscard]] std::uint16_t read_port(const Part& part);
[[nodiscard]] kube::Phase read_phase(const Part& part);
[[nodiscard]] kube::Pairs namespace_labels(const std::string& name, const Part& part,
                                           kube::Words& words);

}  // namespace terway::policy
