// Which events are sent when: the same one is counted and told again seldom, one object cannot fill
// the API server, and neither can all together. Pure; not thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "kube/event.hpp"

namespace terway::kube {

struct EventLimits {
    std::size_t capacity = 512;          // events remembered
    std::chrono::seconds repeat{60};     // before the same one is told again
    std::chrono::seconds remember{600};  // after it has happened last
    unsigned burst = 10;                 // of one object
    std::chrono::seconds refill{30};     // for one more of that object
};

class EventBook {
public:
    explicit EventBook(EventLimits limits = {}) : limits_(limits) {}

    void note(const Event& event, WallTime now);

    struct Letter {
        Occurrences what;
        bool is_repeat = false;  // an earlier one has its name
    };
    // What is to be sent now, oldest first; counts as sent.
    [[nodiscard]] std::vector<Letter> due(WallTime now);
    // When something will be due, if nothing else happens; empty if nothing waits.
    [[nodiscard]] std::optional<WallTime> next_due() const;
    // Events nobody will be told of, for there were too many.
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }

private:
    struct Entry {
        Occurrences what;
        unsigned unsent = 0;
        std::optional<WallTime> sent;
    };
    struct Bucket {
        double tokens = 0;
        WallTime at{};
    };
    static std::string key_of(const Subject& about);
    [[nodiscard]] WallTime due_at(const Entry& entry) const;
    [[nodiscard]] bool pay(const Subject& about, WallTime now);
    void forget_old(WallTime now);

    const EventLimits limits_;
    std::list<Entry> entries_;  // in the order of their first time
    std::map<std::string, Bucket> buckets_;
    std::uint64_t dropped_ = 0;
    std::uint64_t names_ = 0;
};

}  // namespace terway::kube
