// Topology files: a VPC written down in TOML. Pure. The keys are listed in sim/README.md.
#pragma once

#include <string>
#include <string_view>

#include "sim/model.hpp"

namespace terway::sim {

// `name` stands for the file in messages. Throws Error(Invalid) whose text is one line per
// complaint, each "file:line:column: error: ...": unknown and missing keys, wrong types, and what
// the model refuses.
[[nodiscard]] Model parse_topology(std::string_view text, const std::string& name);

// Throws Error as above, Error(Gone) if there is no such file.
[[nodiscard]] Model load_topology(const std::string& path);

}  // namespace terway::sim
