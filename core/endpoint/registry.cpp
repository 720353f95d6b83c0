#include "endpoint/registry.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "terway/error.hpp"

namespace terway::endpoint {

Registry::Registry(store::Store& store) : store_(store) {
    for (auto& record : store.all()) {
        auto key = record.key();
        records_.emplace(std::move(key), std::move(record));
    }
}

void Registry::put(const EndpointRecord& record) {
    store_.put(record);
    const MutexLock lock(mutex_);
    records_.insert_or_assign(record.key(), record);
}

void Registry::begin_removal(EndpointRecord& record) {
    record.state = EndpointState::Deleting;
    {
        const MutexLock lock(mutex_);
        records_.insert_or_assign(record.key(), record);
    }
    try {
        store_.put(record);
    } catch (const Error& error) {
        log::warning("the removal could not be written down", {{"reason", error.what()}});
    }
}

void Registry::erase(const EndpointKey& key, const std::vector<store::CoolingAddress>& cooling) {
    store_.erase_and_cool(key, cooling);
    const MutexLock lock(mutex_);
    records_.erase(key);
}

std::optional<EndpointRecord> Registry::find(const EndpointKey& key) const {
    const MutexLock lock(mutex_);
    const auto found = records_.find(key);
    return found == records_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<EndpointRecord> Registry::all() const {
    std::vector<EndpointRecord> all;
    {
        const MutexLock lock(mutex_);
        for (const auto& [key, record] : records_) {
            all.push_back(record);
        }
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.created < b.created; });
    return all;
}

}  // namespace terway::endpoint
