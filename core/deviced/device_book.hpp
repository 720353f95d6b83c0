// What the kubelet is told: the last the daemon said, for as long as it may be believed.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <stop_token>
#include <vector>

#include "base/mutex.hpp"
#include "deviced/devices.hpp"

namespace terway::deviced {

// A monitor; any thread.
class DeviceBook {
public:
    // `patience`: how long the daemon's last word holds.
    explicit DeviceBook(Clock::duration patience) : patience_(patience) {}

    struct Counts {
        std::size_t total = 0;
        std::size_t healthy = 0;
        bool operator==(const Counts&) const = default;
    };
    // What the daemon says now; nothing: it did not say. The new counts if they have changed.
    [[nodiscard]] std::optional<Counts> hear(const std::optional<Supply>& supply, Deadline now);

    // Remembers what a pod got, which shrinking spares. False if one was never listed; then nothing
    // is remembered.
    [[nodiscard]] bool give(const std::vector<std::string>& ids);

    struct Edition {
        std::uint64_t number = 0;
        DeviceList devices;
    };
    // The list, once it is a newer one than `seen`; nothing when that is not before the deadline.
    [[nodiscard]] std::optional<Edition> newer_than(std::uint64_t seen, const std::stop_token& stop,
                                                    Deadline deadline);
    // Whether there was ever a device to offer.
    [[nodiscard]] bool has_devices() const;

private:
    const Clock::duration patience_;
    mutable Mutex mutex_;
    Condition changed_;
    Counts counts_ TERWAY_GUARDED_BY(mutex_);
    Deadline heard_ TERWAY_GUARDED_BY(mutex_);
    std::set<Index> given_ TERWAY_GUARDED_BY(mutex_);
    Edition edition_ TERWAY_GUARDED_BY(mutex_){1, {}};
};

}  // namespace terway::deviced
