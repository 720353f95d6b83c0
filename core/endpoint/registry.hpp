// The records of all endpoints, in memory for reading, written through to the store.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/mutex.hpp"
#include "endpoint/record.hpp"
#include "store/store.hpp"

namespace terway::endpoint {

// A monitor; any thread. Each write reaches the store first and throws what that throws, changing
// nothing. Two writers of one key are kept apart by the key lock.
class Registry {
public:
    // Reads everything. Borrows the store.
    explicit Registry(store::Store& store);

    void put(const EndpointRecord& record);
    // Marks a removal. It must go on even if that cannot be written down: memory knows of it in any
    // case, and after a restart adoption finds out by itself. Does not throw for a failing store.
    void begin_removal(EndpointRecord& record);
    // The record goes, its addresses cool.
    void erase(const EndpointKey& key, const std::vector<store::CoolingAddress>& cooling);

    [[nodiscard]] std::optional<EndpointRecord> find(const EndpointKey& key) const;
    // Oldest first.
    [[nodiscard]] std::vector<EndpointRecord> all() const;

private:
    store::Store& store_;
    mutable Mutex mutex_;
    std::map<EndpointKey, EndpointRecord> records_ TERWAY_GUARDED_BY(mutex_);
};

}  // namespace terway::endpoint
