// What happens to endpoints without a request: taking over after a start, sweeping, repairing.
#include <linux/netlink.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.hpp"
#include "endpoint/manager.hpp"
#include "endpoint/manager_detail.hpp"
#include "netlink/conntrack.hpp"
#include "netlink/socket.hpp"

namespace terway::endpoint {
namespace {

// How long the sweeper waits for a key somebody works on.
constexpr std::chrono::milliseconds kSweepPatience{50};

}  // namespace

using namespace detail;

bool Manager::take_down_quietly(const EndpointRecord& record, const Operation& operation) {
    const log::Scope scope({{"endpoint", record.key().text()}});
    try {
        auto guard = keys_.lock(record.key(), operation.stop,
                                std::min(operation.deadline, after(kSweepPatience)));
        const auto current = parts_.registry.find(record.key());
        if (!current || current->state != record.state) {
            return true;  // somebody was faster
        }
        const auto netns = reopen(current->spec.netns);
        take_down(*current, fd_of(netns), operation, guard);
        log::info("endpoint removed", {{"was", name_of(record.state)}});
        return true;
    } catch (const Error& error) {
        log::warning("endpoint could not be removed yet", {{"reason", error.what()}});
        return false;
    }
}

std::size_t Manager::drain_tickets(const Operation& operation) {
    std::size_t done = 0;
    for (const auto& name : tickets_.list()) {
        try {
            const auto ticket = tickets_.read(name);
            if (!ticket) {
                continue;
            }
            const EndpointKey key{ticket->request.container_id, ticket->request.ifname};
            const log::Scope scope({{"endpoint", key.text()}});
            auto guard = keys_.lock(key, operation.stop, operation.deadline);
            if (!tickets_.exists(ticket->key)) {
                continue;  // an ADD or a DEL came in between
            }
            const auto known = parts_.registry.find(key);
            if (known && known->spec.network == ticket->key.network) {
                const auto netns = reopen(known->spec.netns);  // the record's, never the ticket's
                take_down(*known, fd_of(netns), operation, guard);
            } else if (!known) {
                auto nobody = forgotten_record(ticket->request);
                detach(nobody, -1, operation, guard);
            }
            (void)tickets_.remove(ticket->key);
            log::info("worked off a DEL from the queue");
            ++done;
        } catch (const Error& error) {
            log::warning("ticket not worked off yet", {{"ticket", name}, {"reason", error.what()}});
        }
    }
    return done;
}

void Manager::set_free(const std::vector<IpAddress>& addresses) noexcept {
    try {
        // A walk over all tracked connections, hence once for many.
        netlink::Socket socket(NETLINK_NETFILTER);
        (void)netlink::flush_conntrack(socket, addresses);
    } catch (const std::exception& error) {
        log::warning("connections of addresses out of use could not be forgotten",
                     {{"addresses", addresses.size()}, {"reason", error.what()}});
    }
    parts_.pool.unhold(addresses);
}

void Manager::sweep(const Operation& operation) {
    for (const auto& record : parts_.registry.all()) {
        if (record.state == EndpointState::Deleting && !operation.stop.stop_requested()) {
            (void)take_down_quietly(record, operation);
        }
    }
    (void)drain_tickets(operation);
    parts_.pool.tick();
    (void)parts_.store.forget_cooled(wall_now());
}

void Manager::reclaim_addresses() {
    for (const auto& record : parts_.registry.all()) {
        for (auto* const care : parts_.cares) {
            care->recall(record);
        }
        try {
            parts_.pool.claim({record.key().full_text(), record.spec.sticky, record.spec.source},
                              bare(record.spec.addresses), record.spec.eni);
        } catch (const Error& error) {
            log::error("two records claim one address",
                       {{"endpoint", record.key().text()}, {"reason", error.what()}});
        }
    }
    for (const auto& [address, until, reserved_for] : parts_.store.cooling()) {
        parts_.pool.restore_cooling({address, until, reserved_for});
    }
}

void Manager::take_over_one(EndpointRecord record, const Operation& operation, Adoption& adoption) {
    if (record.state != EndpointState::Ready) {
        ++(take_down_quietly(record, operation) ? adoption.finished : adoption.failed);
        return;
    }
    auto netns = reopen(record.spec.netns);
    bool kept = false;
    {
        auto guard = keys_.lock(record.key(), operation.stop, operation.deadline);
        kept = chain_.adopt(record, fd_of(netns), operation,
                            overdue(operation, guard, nullptr, record.key()));
        if (kept && parts_.rules != nullptr) {
            parts_.rules->adopted(record);
        }
    }
    if (kept) {
        parts_.registry.put(record);
        ++adoption.kept;
        return;
    }
    log::info("endpoint vanished while the daemon was away", {{"endpoint", record.key().text()}});
    ++(take_down_quietly(record, operation) ? adoption.gone : adoption.failed);
}

bool Manager::repair_one(const EndpointKey& key, const Operation& operation) {
    const log::Scope scope({{"endpoint", key.text()}});
    auto guard = keys_.lock(key, operation.stop, operation.deadline);
    auto record = parts_.registry.find(key);
    if (!record || record->state != EndpointState::Ready) {
        return false;  // on its way out, or not there yet
    }
    const auto netns = reopen(record->spec.netns);
    const auto stuck = overdue(operation, guard, nullptr, key);
    std::string found;
    try {
        chain_.check(*record, fd_of(netns), operation, stuck);
        return false;
    } catch (const Error& error) {
        found = error.what();
    }
    if (!chain_.adopt(*record, fd_of(netns), operation, stuck)) {
        throw Error(Status::Gone, found + "; the endpoint's link is gone, only a new pod helps");
    }
    if (parts_.rules != nullptr) {
        parts_.rules->adopted(*record);
    }
    parts_.registry.put(*record);
    log::warning("somebody removed part of an endpoint; repaired", {{"found", found}});
    if (parts_.repaired) {
        parts_.repaired(*record, found);
    }
    return true;
}

std::size_t Manager::repair(const Suspects& suspects, const Operation& operation) {
    std::size_t repaired = 0;
    for (const auto& record : parts_.registry.all()) {
        if (record.state != EndpointState::Ready || !suspects.concern(record)) {
            continue;
        }
        try {
            repaired += repair_one(record.key(), operation) ? 1 : 0;
        } catch (const Error& error) {
            parts_.metrics
                .counter("terway_repair_failures_total", "Endpoints that could not be repaired")
                .increment();
            log::error("endpoint could not be repaired",
                       {{"endpoint", record.key().text()}, {"reason", error.what()}});
        }
    }
    parts_.metrics
        .counter("terway_repairs_total", "Endpoints put right after somebody had removed a part")
        .increment(static_cast<double>(repaired));
    return repaired;
}

Adoption Manager::take_over(const Operation& operation) {
    Adoption adoption;
    for (auto& record : parts_.registry.all()) {
        const auto key = record.key();
        try {
            take_over_one(std::move(record), operation, adoption);
        } catch (const Error& error) {
            ++adoption.failed;
            log::error("endpoint could not be taken over",
                       {{"endpoint", key.text()}, {"reason", error.what()}});
        }
    }
    return adoption;
}

}  // namespace terway::endpoint
