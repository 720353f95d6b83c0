// What somebody did to elements of sets and maps.
#include <utility>

#include "netlink/nft_read.hpp"
#include "table.hpp"
#include "terway/error.hpp"

namespace terway::felix {

bool Table::has_elements(const MapPlan& plan) {
    return difference_of(nft::elements(socket_, kTable, plan.set.name), plan.elements).empty();
}

std::vector<std::string> Table::find_changed_elements(const policy::Picture& picture) {
    std::vector<std::string> names;
    std::erase_if(loaded_, [&](const auto& set) {
        const auto* const content = picture.find(set.first);
        bool is_changed = false;
        for (const auto& plan :
             content == nullptr ? std::vector<MapPlan>() : plan_set(set.first, *content)) {
            if (!has_elements(plan)) {
                names.push_back(plan.set.name);
                is_changed = true;
            }
        }
        return is_changed;
    });
    std::erase_if(groups_, [&](const auto& group) {
        bool is_changed = false;
        for (const auto& map : group.second.maps) {
            if (!has_elements(map)) {
                names.push_back(map.set.name);
                is_changed = true;
            }
        }
        if (is_changed) {
            damaged_groups_.insert(group.first);
        }
        return is_changed;
    });
    return names;
}

std::vector<std::string> Table::restore_elements(const policy::Picture& picture) {
    try {
        refresh();
        if (!std::exchange(was_changed_, false)) {
            return {};
        }
        auto names = find_changed_elements(picture);
        reconcile(picture, {});
        had_gap_ = had_gap_ || !names.empty();
        return names;
    } catch (const Error&) {
        was_changed_ = true;
        throw;
    }
}

}  // namespace terway::felix
