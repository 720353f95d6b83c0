// What was asked of the cloud, and what it said. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "sim/cloud/call.hpp"

namespace terway::sim {

struct CallEntry {
    WallTime at;
    std::string product;
    std::string action;
    std::string caller;
    std::string token;     // ClientToken
    std::string resource;  // NetworkInterfaceId or the like, if one is named
    std::string outcome;   // "OK", an error code, or "lost", "cut", "hang", "html"
    bool mutating = false;
};

// Remembers the last 100 000 calls and the counts of all. One thread at a time.
class CallLog {
public:
    struct Count {
        std::uint64_t total = 0;
        std::uint64_t ok = 0;
        std::map<std::string, std::uint64_t> failed;  // by outcome
        bool mutating = false;
    };

    void add(CallEntry entry);
    void reset();
    [[nodiscard]] const std::deque<CallEntry>& entries() const noexcept { return entries_; }
    [[nodiscard]] const std::map<std::string, Count>& counts() const noexcept { return counts_; }
    [[nodiscard]] std::uint64_t count(const std::string& action) const;
    // Calls that change something, refused ones included.
    [[nodiscard]] std::uint64_t mutating() const;
    [[nodiscard]] std::uint64_t total() const;

private:
    std::deque<CallEntry> entries_;
    std::map<std::string, Count> counts_;
};

// Whether an action changes anything.
[[nodiscard]] bool is_mutating(const std::string& action);

}  // namespace terway::sim
