// What the API server is told without anybody waiting for it: events and patches of objects.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.hpp"
#include "base/mutex.hpp"
#include "base/time.hpp"
#include "kube/client.hpp"
#include "kube/event_book.hpp"

namespace terway::kube {

struct OutboxLimits {
    EventLimits events;
    std::size_t work = 1024;  // pieces that wait
    unsigned tries = 6;       // of one piece or event, with pauses that grow: about a minute
    std::chrono::milliseconds first_pause{1000};
    std::chrono::milliseconds longest_pause{30'000};
    std::chrono::milliseconds exchange{10'000};
};

// A monitor. tell() and later() are any thread's, never wait for the server and never throw: what
// finds no room is counted in terway_kube_dropped_total{what}.
class Outbox {
public:
    // Throws what Client throws.
    using Work = std::function<void(const Patience&)>;
    using Send = std::function<void(const EventBook::Letter&, const Patience&)>;

    // Borrows the metrics.
    Outbox(Send send, Metrics& metrics, OutboxLimits limits = {});

    void tell(const Event& event) noexcept;
    // Replaces work of the same name that has not been done yet. Done is what succeeds, what the
    // server refuses for good, and what has failed too often.
    void later(const std::string& name, Work work) noexcept;

    // Until a stop is asked for; never throws. One thread.
    void run(const std::stop_token& stop) noexcept;

private:
    struct Piece {
        const char* kind = "work";  // or "event", for the count
        Work work;
        unsigned tries = 0;
        Deadline due;
    };
    struct Batch {
        std::vector<EventBook::Letter> letters;
        std::map<std::string, Piece> pieces;
    };
    [[nodiscard]] Batch take_due(const std::stop_token& stop);
    [[nodiscard]] Deadline next() const TERWAY_REQUIRES(mutex_);
    void carry_out(Batch batch, const std::stop_token& stop);
    void carry_out(const std::string& name, Piece piece, const std::stop_token& stop);
    void try_again(const std::string& name, Piece piece);
    void drop(std::string_view what) const noexcept;

    const Send send_;
    Metrics& metrics_;
    const OutboxLimits limits_;
    mutable Mutex mutex_;
    Condition news_;
    bool fresh_ TERWAY_GUARDED_BY(mutex_) = false;
    EventBook book_ TERWAY_GUARDED_BY(mutex_);
    std::map<std::string, Piece> work_ TERWAY_GUARDED_BY(mutex_);
};

// Through a client, which it borrows.
[[nodiscard]] Outbox::Send sender(Client& client, Reporter who);

}  // namespace terway::kube
