#include "sim/cloud/call_log.hpp"

#include <utility>

namespace terway::sim {
namespace {

constexpr std::size_t kRemembered = 100000;

}  // namespace

void CallLog::add(CallEntry entry) {
    Count& count = counts_[entry.action];
    count.mutating = entry.mutating;
    ++count.total;
    if (entry.outcome == "OK") {
        ++count.ok;
    } else {
        ++count.failed[entry.outcome];
    }
    entries_.push_back(std::move(entry));
    if (entries_.size() > kRemembered) {
        entries_.pop_front();
    }
}

void CallLog::reset() {
    entries_.clear();
    counts_.clear();
}

std::uint64_t CallLog::count(const std::string& action) const {
    const auto found = counts_.find(action);
    return found == counts_.end() ? 0 : found->second.total;
}

std::uint64_t CallLog::mutating() const {
    std::uint64_t sum = 0;
    for (const auto& [action, count] : counts_) {
        sum += count.mutating ? count.total : 0;
    }
    return sum;
}

std::uint64_t CallLog::total() const {
    std::uint64_t sum = 0;
    for (const auto& [action, count] : counts_) {
        sum += count.total;
    }
    return sum;
}

bool is_mutating(const std::string& action) {
    return !action.starts_with("Describe") && !action.starts_with("AssumeRole");
}

}  // namespace terway::sim
