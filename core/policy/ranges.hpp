// Sets of addresses as ranges. Pure.
#pragma once

#include <vector>

#include "base/address.hpp"
#include "kube/network_policy.hpp"

namespace terway::policy {

// Both ends belong to it and are of one family.
struct AddressRange {
    IpAddress first;
    IpAddress last;

    [[nodiscard]] bool contains(const IpAddress& address) const {
        return first <= address && address <= last && address.family() == first.family();
    }
    auto operator<=>(const AddressRange&) const = default;  // NOLINT(modernize-use-nullptr)
};

// What any of the blocks covers; an exception is one of its block only. Sorted, and neither
// overlapping nor touching: equal sets of addresses give equal ranges.
[[nodiscard]] std::vector<AddressRange> ranges_of(const std::vector<kube::IpBlock>& blocks);

// The fewest prefixes that cover it and nothing else.
[[nodiscard]] std::vector<Prefix> prefixes_of(const AddressRange& range);

// Whether one of the sorted `ranges` has it.
[[nodiscard]] bool contains(const std::vector<AddressRange>& ranges, const IpAddress& address);

}  // namespace terway::policy
