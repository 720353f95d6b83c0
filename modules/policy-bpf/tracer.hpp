// Hears what the programs say to packets, and passes it on to traces. Programs say nothing while
// nobody listens, and never wait: what there is no room for is counted.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <stop_token>
#include <thread>

#include "base/mutex.hpp"
#include "bpf/layout.h"
#include "policy/abi_update.hpp"
#include "state.hpp"

namespace terway::policy_bpf {

struct Heard {
    policy_verdict verdict{};
    std::uint64_t time_ns = 0;  // since the epoch
    policy::EndpointKey key;
    std::uint64_t lost = 0;  // before this one
};

// Every public function: any thread.
class Tracer {
public:
    explicit Tracer(std::shared_ptr<const State> state);
    ~Tracer();
    Tracer(const Tracer&) = delete;
    Tracer& operator=(const Tracer&) = delete;

    // The endpoints whose verdicts are told, by serial.
    void know(std::map<std::uint32_t, policy::EndpointKey> serials);

    // Tells `sink` until it answers false or the deadline comes: null at first, and at least twice
    // a second when there is nothing. Throws Error.
    void listen(const std::function<bool(const Heard*)>& sink, Deadline deadline);

private:
    struct Listener {
        std::deque<Heard> heard;
        std::uint64_t lost = 0;
    };

    void run(const std::stop_token& stop);
    void hear(const policy_verdict& verdict);
    void count_listeners() TERWAY_REQUIRES(mutex_);

    const std::shared_ptr<const State> state_;

    Mutex mutex_;
    Condition condition_;
    std::map<std::uint32_t, policy::EndpointKey> serials_ TERWAY_GUARDED_BY(mutex_);
    std::list<Listener> listeners_ TERWAY_GUARDED_BY(mutex_);
    std::uint64_t untold_ TERWAY_GUARDED_BY(mutex_) = 0;  // of the kernel's counter, that were told
    std::jthread thread_;                                 // the last: it ends first
};

}  // namespace terway::policy_bpf
