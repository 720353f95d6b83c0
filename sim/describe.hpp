// A simulation in words and in JSON. Pure.
#pragma once

#include <string>
#include <vector>

#include "sim/fabric.hpp"
#include "sim/model.hpp"

namespace terway::sim {

// Several lines for a person: the VPC, its nodes, ENIs and routes, and how to enter them.
[[nodiscard]] std::string describe(const Model& model, const std::string& simulation);
// One JSON object with the same content.
[[nodiscard]] std::string describe_json(const Model& model, const std::string& simulation);
[[nodiscard]] std::string describe_drops(const std::vector<Drop>& drops);

}  // namespace terway::sim
