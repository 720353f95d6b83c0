// The continue token of a list in pieces. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "sim/kube/store.hpp"

namespace terway::sim::kube {

struct Continue {
    std::uint64_t version = 0;
    Key start;
};

[[nodiscard]] std::string continue_text(const Continue& where);
// Throws Problem (400).
[[nodiscard]] Continue parse_continue(const std::string& text);

}  // namespace terway::sim::kube
