// Cuts the ports of many rules into classes that do not overlap. Pure.
#pragma once

#include <cstddef>
#include <vector>

#include "policy/rule_set.hpp"

namespace terway::policy {

using RuleNumbers = std::vector<std::size_t>;  // sorted

// The ports of one rule.
struct PortSpan {
    Protocol protocol = Protocol::Tcp;
    std::uint16_t first = 0;  // if it is past `last`, there are none
    std::uint16_t last = 65535;
    std::size_t rule = 0;
};

// The ports for which the same rules hold.
struct PortSlice {
    Protocol protocol = Protocol::Tcp;
    std::uint16_t first = 0;
    std::uint16_t last = 65535;
    RuleNumbers rules;

    bool operator==(const PortSlice&) const = default;
};

// Sorted; ports for which no rule holds are in none. Neighbours differ in their rules.
[[nodiscard]] std::vector<PortSlice> slices_of(const std::vector<PortSpan>& spans);

}  // namespace terway::policy
