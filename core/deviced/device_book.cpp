#include "deviced/device_book.hpp"

#include <algorithm>

namespace terway::deviced {

std::optional<DeviceBook::Counts> DeviceBook::hear(const std::optional<Supply>& supply,
                                                   Deadline now) {
    const MutexLock lock(mutex_);
    if (supply) {
        heard_ = now;
    } else if (now - heard_ < patience_) {
        return std::nullopt;
    }
    // What was listed once stays listed, or the kubelet forgets the devices of running pods.
    const auto healthy = supply ? healthy_count(*supply) : 0;
    const Counts counts{std::max({counts_.total, healthy, supply ? supply->capacity : 0}), healthy};
    if (counts == counts_) {
        return std::nullopt;
    }
    counts_ = counts;
    edition_ = {edition_.number + 1, list_devices(counts.total, counts.healthy, given_)};
    changed_.notify_all();
    return counts;
}

bool DeviceBook::give(const std::vector<std::string>& ids) {
    const MutexLock lock(mutex_);
    std::set<Index> indexes;
    for (const auto& id : ids) {
        const auto index = device_index(id);
        if (!index || *index >= counts_.total) {
            return false;
        }
        indexes.insert(*index);
    }
    given_.merge(indexes);
    return true;
}

std::optional<DeviceBook::Edition> DeviceBook::newer_than(std::uint64_t seen,
                                                          const std::stop_token& stop,
                                                          Deadline deadline) {
    const MutexLock lock(mutex_);
    const auto newer = [this, seen]() TERWAY_REQUIRES(mutex_) { return edition_.number > seen; };
    return changed_.wait(mutex_, stop, deadline, newer) ? std::optional(edition_) : std::nullopt;
}

bool DeviceBook::has_devices() const {
    const MutexLock lock(mutex_);
    return counts_.total > 0;
}

}  // namespace terway::deviced
