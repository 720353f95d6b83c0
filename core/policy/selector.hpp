// Label selectors: what they match, and one text for each meaning. Pure.
#pragma once

#include <string>

#include "kube/network_policy.hpp"

namespace terway::policy {

// NotIn and DoesNotExist match what has no such key.
[[nodiscard]] bool matches(const kube::LabelSelector& selector, const kube::Pairs& labels);

// The same for selectors that say the same in another order or form; "" for one that matches
// everything.
[[nodiscard]] std::string canonical(const kube::LabelSelector& selector);

}  // namespace terway::policy
