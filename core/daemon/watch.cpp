#include "daemon/watch.hpp"

#include <pthread.h>

#include <chrono>

#include "base/log.hpp"
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
constexpr seconds kRepairTime{60};

void note(const netlink::Change& change, Suspects& suspects) {
    using Kind = netlink::Change::Kind;
    switch (change.kind) {
        case Kind::Lost:
        case Kind::Rules:
            suspects.everything = true;
            break;
        case Kind::Link:
            if (change.removed || !change.up) {
                suspects.indexes.insert(change.ifindex);
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
                suspects.addresses.insert(change.prefix.address());
                suspects.indexes.insert(change.ifindex);
            }
            break;
    }
}

}  // namespace

void watch_kernel(endpoint::Manager& manager, endpoint::EniCare* care,
                  const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "watch");
    netlink::Monitor monitor;
    Suspects suspects;
    Deadline latest{};
    while (!stop.stop_requested()) {
        const auto until = suspects.empty() ? after(kNap) : std::min(after(kSilence), latest);
        const auto change = monitor.next(stop, until);
        if (change) {
            const bool first = suspects.empty();
            note(*change, suspects);
            if (first) {
                latest = after(kLongestWait);
            }
            if (care != nullptr && change->kind == netlink::Change::Kind::Link) {
                care->links_changed();
            }
        }
        if (suspects.empty() || (change && Clock::now() < latest)) {
            continue;
        }
        const endpoint::Operation operation{after(kRepairTime), stop, {}};
        if (care != nullptr) {
            (void)care->repair(suspects, operation);
        }
        (void)manager.repair(suspects, operation);
        suspects = {};
    }
}

}  // namespace terway::daemon
