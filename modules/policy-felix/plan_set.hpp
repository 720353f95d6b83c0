// Sets of addresses as the kernel's sets, as values. Pure.
#pragma once

#include <vector>

#include "base/address.hpp"
#include "netlink/nft_rule.hpp"
#include "policy/picture.hpp"

namespace terway::felix {

namespace nft = netlink::nft;

struct MapPlan {
    nft::Set set;
    std::vector<nft::Element> elements;
    bool operator==(const MapPlan&) const = default;
};

// Whether rules name its addresses themselves, as it has so few ranges that never change: the
// kernel finds a table's sets one after another, so thousands of them take long.
[[nodiscard]] bool is_in_rules(const policy::Picture::Content& content);
// A set of addresses as sets of the kernel: each with its elements.
[[nodiscard]] std::vector<MapPlan> plan_set(const policy::SetId& id,
                                            const policy::Picture::Content& content);
// The elements of the kernel's set of one family.
[[nodiscard]] std::vector<nft::Element> elements_of(Family family, policy::Protocol protocol,
                                                    const policy::Members& members);
// Those it has members of, or may have.
[[nodiscard]] std::vector<Family> families_of(const policy::Picture::Content& content);

struct ElementDifference {
    std::vector<nft::Element> removed;
    std::vector<nft::Element> added;
    [[nodiscard]] bool empty() const { return removed.empty() && added.empty(); }
};
[[nodiscard]] ElementDifference difference_of(std::vector<nft::Element> there,
                                              std::vector<nft::Element> wanted);

}  // namespace terway::felix
