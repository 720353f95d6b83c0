#include "kube/event_book.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace terway::kube {
namespace {

constexpr std::size_t kLongestName = 253;  // the API server's limit

// Unique among all that this node ever tells of the object, as client-go names them, too.
std::string name_of(const Subject& about, WallTime now, std::uint64_t number) {
    const auto stamp = static_cast<unsigned long long>(now.time_since_epoch().count()) + number;
    std::array<char, 2 * sizeof stamp + 1> hex{};
    std::snprintf(hex.data(), hex.size(), "%llx", stamp);
    const auto tail = std::string(".") + hex.data();
    auto name = about.name.substr(0, kLongestName - tail.size());
    // What is cut off may leave what no name may end with.
    name.resize(name.find_last_not_of(".-") + 1);
    return name + tail;
}

}  // namespace

std::string EventBook::key_of(const Subject& about) {
    return about.kind + "/" + about.space + "/" + about.name;
}

void EventBook::note(const Event& event, WallTime now) {
    const auto found = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const Entry& entry) { return entry.what.event == event; });
    if (found != entries_.end()) {
        found->what.last = now;
        ++found->what.count;
        ++found->unsent;
        return;
    }
    forget_old(now);
    if (entries_.size() >= limits_.capacity) {
        ++dropped_;
        return;
    }
    Entry entry;
    entry.what = {event, name_of(event.about, now, names_++), now, now, 1};
    entry.unsent = 1;
    entries_.push_back(std::move(entry));
}

WallTime EventBook::due_at(const Entry& entry) const {
    return entry.sent ? *entry.sent + limits_.repeat : entry.what.first;
}

bool EventBook::pay(const Subject& about, WallTime now) {
    auto [bucket, is_new] = buckets_.try_emplace(key_of(about));
    auto& [tokens, at] = bucket->second;
    if (is_new) {
        tokens = limits_.burst;
    } else {
        const std::chrono::duration<double> since = now - at;
        tokens = std::min<double>(limits_.burst, tokens + since / limits_.refill);
    }
    at = now;
    if (tokens < 1) {
        return false;
    }
    tokens -= 1;
    return true;
}

std::vector<EventBook::Letter> EventBook::due(WallTime now) {
    std::vector<Letter> letters;
    for (auto& entry : entries_) {
        if (entry.unsent == 0 || due_at(entry) > now) {
            continue;
        }
        if (!pay(entry.what.event.about, now)) {
            dropped_ += entry.unsent;
            entry.unsent = 0;
            continue;
        }
        letters.push_back({entry.what, entry.sent.has_value()});
        entry.unsent = 0;
        entry.sent = now;
    }
    forget_old(now);
    return letters;
}

std::optional<WallTime> EventBook::next_due() const {
    std::optional<WallTime> next;
    for (const auto& entry : entries_) {
        if (entry.unsent != 0 && (!next || due_at(entry) < *next)) {
            next = due_at(entry);
        }
    }
    return next;
}

void EventBook::forget_old(WallTime now) {
    std::erase_if(entries_, [&](const Entry& entry) {
        return entry.unsent == 0 && now - entry.what.last > limits_.remember;
    });
    const auto full = limits_.refill * limits_.burst;
    std::erase_if(buckets_, [&](const auto& bucket) { return now - bucket.second.at > full; });
}

}  // namespace terway::kube
