// What somebody did to the rules of an endpoint while nobody looked.
#include "table.hpp"
#include "tag.hpp"
#include "terway/error.hpp"

namespace terway::felix {

bool Table::has_whole(const Finding& finding) {
    const auto& group = finding.tag.group;
    if (group.empty() || !finding.is_counted) {
        return true;
    }
    auto& rules = group_rules_[group];
    if (!rules) {
        std::size_t count = 0;
        for (auto at = chains_.lower_bound(group); at != chains_.end() && at->starts_with(group);
             ++at) {
            count += nft::rules(socket_, kTable, *at).size();
        }
        rules = count;
    }
    return chains_.contains(group) && *rules == finding.tag.rules;
}

Finding Table::find(Direction direction, const std::string& link) {
    return judge(direction, link, nft::rules(socket_, kTable, endpoint_chain(direction, link)),
                 place_);
}

void Table::verify(const std::string& link) {
    try {
        refresh();
        nft::Batch batch(kTable);
        for (const auto direction : kDirections) {
            verify(batch, direction, link);
        }
        commit(batch, "repair an endpoint in nftables table terway-policy");
    } catch (const Error&) {
        distrust_everything();
        throw;
    }
}

void Table::verify(nft::Batch& batch, Direction direction, const std::string& link) {
    if (bases_ == Bases::Broken || !chains_.contains(endpoint_chain(direction, link))) {
        return;  // it is made anew
    }
    const auto finding = find(direction, link);
    const bool is_whole = has_whole(finding);
    if (!is_whole) {
        damaged_groups_.insert(finding.tag.group);
        groups_.erase(finding.tag.group);
    } else if (finding.state == Finding::State::Whole) {
        return;
    }
    if (ends_.at(link).is_told) {
        leads_to_.erase({direction, link});
        return;
    }
    const bool is_known = is_whole && finding.state != Finding::State::Lost;
    const auto tag = is_known ? finding.tag : Tag{.is_lost = true};
    add_counters(batch, direction, link);
    write_chain(batch, endpoint_plan(direction, link, tag, place_));
    leads_to_[{direction, link}] = tag.group;
}

std::string Table::complaint_of(Direction direction, const std::string& link) {
    const auto finding = find(direction, link);
    const auto name = endpoint_chain(direction, link);
    if (finding.state != Finding::State::Whole) {
        return "has not the rules in chain " + name + " that were in force";
    }
    if (!has_whole(finding)) {
        return "has not all rules of " + finding.tag.group + ", which chain " + name + " leads to";
    }
    if (finding.tag.is_lost) {
        return "has lost the rules of chain " + name + ": " + link +
               " is closed until the first update";
    }
    return {};
}

}  // namespace terway::felix
