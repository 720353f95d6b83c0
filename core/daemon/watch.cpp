#include "daemon/watch.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.hpp"
#include "cloud/effects.hpp"
#include "netlink/monitor.hpp"
#include "terway/error.hpp"

namespace terway::daemon {
namespace {

using endpoint::Suspects;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Whoever flushes a table sends a burst of events; what came in is looked at after this silence,
// or after the longest wait if it never falls silent.
constexpr milliseconds kSilence{50};
constexpr milliseconds kLongestWait{300};
constexpr seconds kNap{5};
// What every module's nftables tables are called, see docs/module-abi.md.
constexpr const char* kOurTables = "terway";
constexpr seconds kRepairTime{60};
// Modules delete rules and queues of theirs as well. Who looks at everything for that and finds all
// well rests so many times as long as it took.
constexpr int kRest = 9;
constexpr seconds kLongestRest{3};

void note(const netlink::Change& change, Suspects& suspects) {
    using Kind = netlink::Change::Kind;
    switch (change.kind) {
        case Kind::Everything:
            suspects.everything = true;
            break;
        case Kind::Nftables:
        case Kind::Tc:
            break;  // it may be our own doing
        case Kind::Link:
            if (change.removed || !change.up) {
                suspects.indexes.insert(change.ifindex);
                suspects.macs.insert(change.mac);
            }
            break;
        case Kind::Address:
            if (change.removed) {
                suspects.indexes.insert(change.ifindex);
            }
            break;
        case Kind::Route:
        case Kind::Rule:
            if (change.removed) {
                suspects.indexes.insert(change.ifindex);
                if (change.prefix && change.prefix->length() != 0) {
                    suspects.addresses.insert(change.prefix->address());
                } else {
                    suspects.shared = true;
                }
            }
            break;
    }
}

// Of what no endpoint is known to have: who has it, only a look at everything tells.
bool may_be_a_loss(const netlink::Change& change) {
    using Kind = netlink::Change::Kind;
    return change.kind == Kind::Nftables || change.kind == Kind::Tc ||
           (change.kind == Kind::Link && change.is_ifb && change.removed);
}

class Watch {
public:
    Watch(endpoint::Manager& manager, const std::vector<endpoint::EniCare*>& cares)
        : manager_(manager), cares_(cares) {}

    void run(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            const auto change = monitor_.next(stop, next_look());
            if (change) {
                hear(*change);
            }
            if (has_losses_ && Clock::now() >= rested_) {
                suspect([](Suspects& suspects) { suspects.everything = true; });
            }
            if (!suspects_.empty() && (!change || Clock::now() >= latest_)) {
                put_right({after(kRepairTime), stop, {}});
            }
        }
    }

private:
    [[nodiscard]] Deadline next_look() const {
        if (suspects_.empty()) {
            return has_losses_ ? rested_ : after(kNap);
        }
        return std::min(after(kSilence), latest_);
    }

    template <class Add>
    void suspect(const Add& add) {
        if (suspects_.empty()) {
            latest_ = after(kLongestWait);
        }
        add(suspects_);
    }

    void hear(const netlink::Change& change) {
        using Kind = netlink::Change::Kind;
        has_losses_ = has_losses_ || may_be_a_loss(change);
        suspect([&](Suspects& suspects) { note(change, suspects); });
        if (change.kind == Kind::Link || change.kind == Kind::Everything) {
            for (auto* const care : cares_) {
                care->links_changed();
            }
        }
    }

    void put_right(const endpoint::Operation& operation) {
        const auto suspects = std::exchange(suspects_, {});
        const bool looks_for_losses = suspects.everything && std::exchange(has_losses_, false);
        const auto begun = Clock::now();
        std::size_t repaired = 0;
        for (auto* const care : cares_) {
            repaired += care->repair(suspects, operation);
        }
        repaired += manager_.repair(suspects, operation);
        if (looks_for_losses) {
            const auto now = Clock::now();
            rested_ = now;
            if (repaired == 0) {
                rested_ += std::min<Clock::duration>(kRest * (now - begun), kLongestRest);
            }
        }
    }

    endpoint::Manager& manager_;
    const std::vector<endpoint::EniCare*>& cares_;
    netlink::Monitor monitor_{kOurTables};
    Suspects suspects_;
    Deadline latest_{};  // when what is suspected is looked at even without silence
    bool has_losses_ = false;
    Deadline rested_{};
};

}  // namespace

void watch_kernel(endpoint::Manager& manager, const std::vector<endpoint::EniCare*>& cares,
                  const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "watch");
    while (!stop.stop_requested()) {
        try {
            Watch(manager, cares).run(stop);
        } catch (const Error& error) {
            log::error("watching the kernel stumbled", {{"reason", error.what()}});
            (void)cloud::pause_for(kNap, {stop, Deadline::max()});
        }
    }
}

}  // namespace terway::daemon
