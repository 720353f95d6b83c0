#include "pool/vswitch_book.hpp"

#include <algorithm>
#include <utility>

namespace terway::pool {

VSwitchBook::VSwitchBook(const EniSettings& settings, Dice dice)
    : zone_(settings.zone), choice_(settings.vswitch_choice), dice_(std::move(dice)) {
    for (const auto& id : settings.vswitches) {
        candidates_.push_back({id, {}, {}, {}});
    }
}

VSwitchBook::Candidate* VSwitchBook::find(const std::string& id) {
    const auto found = std::find_if(candidates_.begin(), candidates_.end(),
                                    [&](const auto& each) { return each.id == id; });
    return found == candidates_.end() ? nullptr : &*found;
}

void VSwitchBook::know(const std::vector<cloud::VSwitch>& vswitches) {
    for (auto& candidate : candidates_) {
        const auto found = std::find_if(vswitches.begin(), vswitches.end(),
                                        [&](const auto& each) { return each.id == candidate.id; });
        candidate.dropped_until = WallTime::max();
        if (found == vswitches.end()) {
            candidate.dropped = "does not exist; correct cloud.vswitches";
            continue;
        }
        candidate.facts = *found;
        const bool elsewhere = !zone_.empty() && found->zone != zone_;
        candidate.dropped =
            elsewhere ? "is in zone " + found->zone + ", this instance in " + zone_ : "";
    }
}

void VSwitchBook::exhausted(const std::string& id, WallTime until) {
    if (auto* const candidate = find(id)) {
        candidate->full_until = until;
    }
}

void VSwitchBook::dropped(const std::string& id, const std::string& reason, WallTime until) {
    if (auto* const candidate = find(id)) {
        candidate->dropped = reason;
        candidate->dropped_until = until;
    }
}

void VSwitchBook::freed(const std::string& id) {
    exhausted(id, {});
}

std::optional<std::string> VSwitchBook::choose(WallTime now) const {
    std::vector<const Candidate*> usable;
    for (const auto& candidate : candidates_) {
        if (!candidate.is_dropped(now) && candidate.full_until <= now) {
            usable.push_back(&candidate);
        }
    }
    if (usable.empty()) {
        return std::nullopt;
    }
    switch (choice_) {
        case VSwitchChoice::Random:
            return usable[dice_() % usable.size()]->id;
        case VSwitchChoice::MostFree:
            return (*std::max_element(usable.begin(), usable.end(),
                                      [](const auto* a, const auto* b) {
                                          const auto free = [](const Candidate* each) {
                                              return each->facts ? each->facts->free : 0;
                                          };
                                          return free(a) < free(b);
                                      }))
                ->id;
        case VSwitchChoice::Ordered:
            break;
    }
    return usable.front()->id;
}

bool VSwitchBook::is_exhausted(const std::string& id, WallTime now) const {
    return std::any_of(candidates_.begin(), candidates_.end(),
                       [&](const auto& each) { return each.id == id && each.full_until > now; });
}

std::optional<WallTime> VSwitchBook::next_chance(WallTime now) const {
    std::optional<WallTime> earliest;
    for (const auto& candidate : candidates_) {
        const auto until = candidate.is_dropped(now)
                               ? std::max(candidate.dropped_until, candidate.full_until)
                               : candidate.full_until;
        if (until == WallTime::max()) {
            continue;
        }
        if (until <= now) {
            return std::nullopt;
        }
        earliest = std::min(earliest.value_or(until), until);
    }
    return earliest;
}

std::vector<std::string> VSwitchBook::troubles(WallTime now) const {
    std::vector<std::string> out;
    for (const auto& candidate : candidates_) {
        if (candidate.is_dropped(now)) {
            out.push_back("vswitch " + candidate.id + " " + candidate.dropped);
        } else if (candidate.full_until > now) {
            out.push_back("vswitch " + candidate.id + " has no free address");
        }
    }
    return out;
}

std::optional<cloud::VSwitch> VSwitchBook::facts(const std::string& id) const {
    const auto found = std::find_if(candidates_.begin(), candidates_.end(),
                                    [&](const auto& each) { return each.id == id; });
    return found == candidates_.end() ? std::nullopt : found->facts;
}

}  // namespace terway::pool
