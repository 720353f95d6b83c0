// Which pods of a node to start and to stop, and when to try again. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "sim/kubelet/order.hpp"

namespace terway::sim::kubelet {

enum class Deed : std::uint8_t { Start, Stop };

struct Job {
    Deed deed = Deed::Start;
    PodOrder order;
    unsigned attempt = 0;  // of this deed on this pod
};

struct Patience {
    std::chrono::milliseconds first{1000};  // after the first failure; doubles
    std::chrono::milliseconds longest{60000};
};

// Pods are told apart by their UID: a new one of the same name does not wait for the old. One
// thread at a time.
class Ledger {
public:
    explicit Ledger(const Patience& patience) : patience_(patience) {}

    // All pods of the node, as the API server has them.
    void observe(const std::vector<PodOrder>& orders, Deadline now);
    // A job that is due; no other is given for that pod before finish().
    [[nodiscard]] std::optional<Job> take(Deadline now);
    void finish(const Job& job, bool succeeded, Deadline now);
    // When the next job is due; Deadline::max() if there is none.
    [[nodiscard]] Deadline next() const;

private:
    struct Entry {
        PodOrder order;
        bool known = true;     // the API server has it
        bool busy = false;     // somebody has taken a job
        bool touched = false;  // there may be a sandbox
        bool runs = false;
        bool stopped = false;
        unsigned starts = 0;
        unsigned failures = 0;  // in a row
        Deadline due;
    };
    [[nodiscard]] static std::optional<Deed> deed_for(const Entry& entry);
    void forget_the_gone();

    const Patience patience_;
    std::map<std::string, Entry> entries_;  // by UID
};

}  // namespace terway::sim::kubelet
