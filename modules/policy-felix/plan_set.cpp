#include "plan_set.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

#include "names.hpp"

namespace terway::felix {
namespace {

using policy::number_of;
using policy::Protocol;

MapPlan set_plan(Family family, const policy::SetId& id, const policy::Picture::Content& content) {
    const bool v4 = family == Family::V4;
    MapPlan plan{{set_name(family, id), v4 ? nft::Key::V4 : nft::Key::V6, false, false}, {}};
    switch (content.kind) {
        case policy::SetKind::Pods:
            break;
        case policy::SetKind::Blocks:
            plan.set.is_interval = true;
            break;
        case policy::SetKind::Named:
            plan.set.key = v4 ? nft::Key::NamedV4 : nft::Key::NamedV6;
            break;
    }
    return plan;
}

}  // namespace

bool is_in_rules(const policy::Picture::Content& content) {
    constexpr std::size_t kFew = 2;  // a block, or one with a hole
    return content.kind == policy::SetKind::Blocks && content.ranges.size() <= kFew;
}

std::vector<Family> families_of(const policy::Picture::Content& content) {
    if (content.kind != policy::SetKind::Blocks) {
        return {Family::V4, Family::V6};
    }
    std::vector<Family> out;
    for (const auto family : {Family::V4, Family::V6}) {
        if (std::any_of(content.ranges.begin(), content.ranges.end(),
                        [&](const auto& each) { return each.first.family() == family; })) {
            out.push_back(family);
        }
    }
    return out;
}

std::vector<nft::Element> elements_of(Family family, Protocol protocol,
                                      const policy::Members& members) {
    std::vector<nft::Element> out;
    for (const auto& address : members.addresses) {
        if (address.family() == family) {
            out.push_back({nft::address_key(address), false, std::nullopt});
        }
    }
    for (const auto& [address, port] : members.ports) {
        if (address.family() == family) {
            out.push_back(
                {nft::named_key(address, number_of(protocol), port), false, std::nullopt});
        }
    }
    for (const auto& range : members.ranges) {
        if (range.first.family() != family) {
            continue;
        }
        out.push_back({nft::address_key(range.first), false, std::nullopt});
        const auto behind = range.last.plus(1);
        if (behind > range.last) {  // it has not wrapped
            out.push_back({nft::address_key(behind), true, std::nullopt});
        }
    }
    return out;
}

ElementDifference difference_of(std::vector<nft::Element> there, std::vector<nft::Element> wanted) {
    const auto is_before = [](const nft::Element& a, const nft::Element& b) {
        return std::tie(a.key, a.is_end) < std::tie(b.key, b.is_end);
    };
    std::sort(there.begin(), there.end(), is_before);
    std::sort(wanted.begin(), wanted.end(), is_before);
    ElementDifference found;
    std::set_difference(there.begin(), there.end(), wanted.begin(), wanted.end(),
                        std::back_inserter(found.removed), is_before);
    std::set_difference(wanted.begin(), wanted.end(), there.begin(), there.end(),
                        std::back_inserter(found.added), is_before);
    return found;
}

std::vector<MapPlan> plan_set(const policy::SetId& id, const policy::Picture::Content& content) {
    const policy::Members members{content.addresses, content.ranges, content.ports};
    std::vector<MapPlan> out;
    for (const auto family : families_of(content)) {
        out.push_back(set_plan(family, id, content));
        out.back().elements = elements_of(family, content.protocol, members);
    }
    return out;
}

}  // namespace terway::felix
