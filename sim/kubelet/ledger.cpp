#include "sim/kubelet/ledger.hpp"

#include <algorithm>

#include "base/back_off.hpp"

namespace terway::sim::kubelet {

std::optional<Deed> Ledger::deed_for(const Entry& entry) {
    const bool unwanted = !entry.known || entry.order.leaving;
    if (entry.busy || entry.stopped || (!unwanted && entry.runs)) {
        return std::nullopt;
    }
    return unwanted ? Deed::Stop : Deed::Start;
}

void Ledger::observe(const std::vector<PodOrder>& orders, Deadline now) {
    std::map<std::string, Entry> before;
    before.swap(entries_);
    for (const auto& order : orders) {
        auto old = before.extract(order.uid);
        auto& entry = entries_[order.uid];
        if (old.empty()) {
            entry.due = now;
        } else {
            entry = std::move(old.mapped());
            if (order.leaving && !entry.order.leaving) {
                entry.failures = 0;
                entry.due = now;
            }
        }
        entry.order = order;
    }
    for (auto& [uid, entry] : before) {
        if (entry.known) {
            entry.known = false;
            entry.failures = 0;
            entry.due = now;
        }
        entries_.emplace(uid, std::move(entry));
    }
    forget_the_gone();
}

std::optional<Job> Ledger::take(Deadline now) {
    for (auto& [uid, entry] : entries_) {
        const auto deed = deed_for(entry);
        if (!deed || entry.due > now) {
            continue;
        }
        entry.busy = true;
        entry.touched = true;
        return Job{*deed, entry.order, *deed == Deed::Start ? entry.starts++ : entry.failures};
    }
    return std::nullopt;
}

void Ledger::finish(const Job& job, bool succeeded, Deadline now) {
    const auto found = entries_.find(job.order.uid);
    if (found == entries_.end()) {
        return;
    }
    auto& entry = found->second;
    entry.busy = false;
    if (succeeded) {
        entry.failures = 0;
        entry.due = now;
        (job.deed == Deed::Start ? entry.runs : entry.stopped) = true;
    } else {
        const bool changed = deed_for(entry) != job.deed;
        entry.due =
            changed ? now : now + back_off(entry.failures++, 0, patience_.first, patience_.longest);
    }
    forget_the_gone();
}

Deadline Ledger::next() const {
    auto soonest = Deadline::max();
    for (const auto& [uid, entry] : entries_) {
        if (deed_for(entry)) {
            soonest = std::min(soonest, entry.due);
        }
    }
    return soonest;
}

void Ledger::forget_the_gone() {
    std::erase_if(entries_, [](const auto& item) {
        const Entry& entry = item.second;
        return !entry.known && !entry.busy && (entry.stopped || !entry.touched);
    });
}

}  // namespace terway::sim::kubelet
