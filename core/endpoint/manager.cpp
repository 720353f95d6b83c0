#include "endpoint/manager.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "base/checkpoint.hpp"
#include "base/log.hpp"
#include "cni/failure.hpp"
#include "endpoint/names.hpp"
#include "endpoint/outcome.hpp"

namespace terway::endpoint {
namespace {

// An address that cools may be worth this wait; longer ones are the runtime's to decide.
constexpr std::chrono::seconds kAddressPatience{10};
// Undoing gets its own time: the request's may be used up.
constexpr std::chrono::seconds kUndoTime{30};
// How long the sweeper waits for a key somebody works on.
constexpr std::chrono::milliseconds kSweepPatience{50};

std::vector<IpAddress> bare(const std::vector<Prefix>& prefixes) {
    std::vector<IpAddress> all;
    all.reserve(prefixes.size());
    for (const auto& prefix : prefixes) {
        all.push_back(prefix.address());
    }
    return all;
}

// What happens when a verb does not return: the runtime is answered, the lane and the waiters for
// the key go on without this request.
std::function<void()> overdue(const Operation& operation, KeyLock::Guard& guard,
                              Lane::Permit* permit, const EndpointKey& key) {
    return [&operation, &guard, permit, text = key.text()] {
        if (permit != nullptr) {
            permit->surrender();
        }
        guard.abandon();
        if (operation.answer_early) {
            operation.answer_early(
                Error(Status::Retry, "endpoint " + text + ": a module did not return in time"));
        }
    };
}

Operation for_undo(const Operation& operation) {
    return {after(kUndoTime), {}, operation.answer_early};
}

// The sandbox at the recorded path, if it is still in reach.
std::optional<Netns> reopen(const std::string& path) {
    if (path.empty()) {
        return std::nullopt;
    }
    try {
        return Netns::open(path);
    } catch (const Error&) {
        return std::nullopt;
    }
}

// A runtime that attaches a sandbox anew asks for the MAC it had, which it then has.
void refuse_other_mac(const EndpointRecord& record, const cni::Request& request) {
    const auto asked = cni::requested_mac(request);
    if (asked && record.attachment && *asked != record.attachment->pod_mac) {
        throw cni::CniError(cni::Code::UnsupportedField,
                            "MAC: " + asked->text() + ": this network gives out its own MACs");
    }
}

int fd_of(const std::optional<Netns>& netns) {
    return netns ? netns->fd() : -1;
}

}  // namespace

Manager::Manager(const Parts& parts)
    : parts_(parts),
      chain_(parts.modules, parts.gate, parts.reaper),
      add_lane_("add", parts.profile.daemon.add_lane),
      del_lane_("del", parts.profile.daemon.del_lane),
      tickets_(parts.profile.daemon.queue) {}

EndpointSpec Manager::spec_of(const cni::Request& request) const {
    EndpointSpec spec;
    spec.key = {request.container_id, request.ifname};
    spec.network = request.config.name;
    spec.netns = request.netns;
    spec.pod_namespace = request.args.pod_namespace;
    spec.pod_name = request.args.pod_name;
    spec.pod_uid = request.args.pod_uid;
    spec.mtu = request.config.mtu.value_or(parts_.profile.endpoint.mtu);
    if (const auto& bandwidth = request.config.runtime.bandwidth) {
        spec.ingress_bps = bandwidth->ingress_rate;
        spec.egress_bps = bandwidth->egress_rate;
    }
    spec.host_ifname = host_ifname(parts_.profile.endpoint.host_names, spec);
    return spec;
}

EndpointRecord Manager::new_record(const cni::Request& request) const {
    EndpointRecord record;
    record.spec = spec_of(request);
    record.created = wall_now();
    record.traceparent = request.traceparent;
    const auto pin = [&](ModuleRole role, const std::string& id) {
        record.chain.push_back({role, id, parts_.modules.at(id)->version(), {}});
    };
    const auto& chain = parts_.profile.chain;
    pin(ModuleRole::Dataplane, chain.dataplane);
    if (chain.qos) {
        pin(ModuleRole::Qos, *chain.qos);
    }
    if (chain.policy) {
        pin(ModuleRole::Policy, *chain.policy);
    }
    return record;
}

cni::Result Manager::add(const cni::Request& request, const Netns& netns,
                         const Operation& operation) {
    auto record = new_record(request);
    const auto& key = record.key();
    if (!parts_.profile.chain.qos && record.spec.ingress_bps + record.spec.egress_bps > 0) {
        log::warning("a bandwidth limit is asked for, and the profile has no qos module");
    }
    auto guard = keys_.lock(key, operation.stop, operation.deadline);
    (void)tickets_.remove(cni::TicketKey::of(request));
    if (auto former = parts_.registry.find(key)) {
        clear_former(*std::move(former), netns, operation, guard);
    }
    const auto addresses = parts_.pool.lease(key.full_text(), operation.stop,
                                             std::min(operation.deadline, after(kAddressPatience)),
                                             cni::requested_ips(request));
    for (const auto& address : addresses) {
        record.spec.addresses.push_back(Prefix::host(address));
    }
    try {
        checkpoint("add.leased");
        parts_.registry.put(record);
    } catch (...) {
        // A former record still names these addresses, and the sweeper gives them back with it.
        if (!parts_.registry.find(key)) {
            parts_.pool.give_back(key.full_text());
        }
        throw;
    }
    try {
        checkpoint("add.recorded");
        bring_up(record, netns, operation, guard);
        refuse_other_mac(record, request);
        const auto own = result_of(record, request);
        auto result = request.config.previous ? cni::merge(*request.config.previous, own) : own;
        record.state = EndpointState::Ready;
        record.result = result.to_json(request.config.cni_version);
        parts_.registry.put(record);
        checkpoint("add.ready");
        return result;
    } catch (const Error& error) {
        log::warning("add failed, undoing", {{"reason", error.what()}});
        try {
            take_down(record, netns.fd(), for_undo(operation), guard);
        } catch (const Error& undo_error) {
            log::error("undo failed, left to the sweeper", {{"reason", undo_error.what()}});
        }
        throw;
    }
}

void Manager::bring_up(EndpointRecord& record, const Netns& netns, const Operation& operation,
                       KeyLock::Guard& guard) {
    auto permit = add_lane_.enter(operation.stop, operation.deadline);
    chain_.attach(record, netns.fd(), operation, overdue(operation, guard, &permit, record.key()));
}

void Manager::clear_former(EndpointRecord former, const Netns& netns, const Operation& operation,
                           KeyLock::Guard& guard) {
    if (former.state == EndpointState::Ready) {
        bool alive = true;
        try {
            chain_.check(former, netns.fd(), operation,
                         overdue(operation, guard, nullptr, former.key()));
        } catch (const Error&) {
            alive = false;
        }
        if (alive) {
            throw Error(Status::Invalid, "endpoint " + former.key().text() + " exists already");
        }
    }
    // The lease stays: the same endpoint gets the same addresses again.
    log::info("replacing what an earlier request left behind", {{"state", name_of(former.state)}});
    parts_.registry.begin_removal(former);
    detach(former, netns.fd(), operation, guard);
}

void Manager::detach(EndpointRecord& record, int netns_fd, const Operation& operation,
                     KeyLock::Guard& guard) {
    auto permit = del_lane_.enter(operation.stop, operation.deadline);
    chain_.detach(record, netns_fd, operation, overdue(operation, guard, &permit, record.key()));
}

void Manager::take_down(EndpointRecord record, int netns_fd, const Operation& operation,
                        KeyLock::Guard& guard) {
    const auto key = record.key();
    if (record.state != EndpointState::Deleting) {
        parts_.registry.begin_removal(record);
        checkpoint("del.recorded");
    }
    detach(record, netns_fd, operation, guard);
    const auto addresses = bare(record.spec.addresses);
    parts_.registry.erase(key, addresses, parts_.pool.cool_until());
    parts_.pool.hold(addresses);
    (void)parts_.pool.release(key.full_text());
    parts_.reaper.after_retired([&pool = parts_.pool, addresses] { pool.unhold(addresses); });
    checkpoint("del.erased");
}

void Manager::del(const cni::Request& request, int netns_fd, const Operation& operation) {
    const auto forgotten = new_record(request);
    const auto& key = forgotten.key();
    auto guard = keys_.lock(key, operation.stop, operation.deadline);
    const auto known = parts_.registry.find(key);
    try {
        if (known) {
            take_down(*known, netns_fd, operation, guard);
        } else {
            auto nobody = forgotten;
            detach(nobody, netns_fd, operation, guard);
        }
    } catch (const Error& error) {
        parts_.metrics
            .counter("terway_detach_failures_total", "Removals that could not be finished at once")
            .increment();
        log::error(known ? "removal not finished, left to the sweeper"
                         : "nothing is known of this endpoint, and looking for leftovers failed",
                   {{"reason", error.what()}});
    }
    (void)tickets_.remove(cni::TicketKey::of(request));
}

void Manager::check(const cni::Request& request, const Netns& netns, const Operation& operation) {
    const EndpointKey key{request.container_id, request.ifname};
    auto guard = keys_.lock(key, operation.stop, operation.deadline);
    const auto record = parts_.registry.find(key);
    if (!record || record->state != EndpointState::Ready) {
        throw cni::CniError(cni::Code::UnknownContainer,
                            "endpoint " + key.text() + " does not exist");
    }
    compare_with_previous(*record, request);
    chain_.check(*record, netns.fd(), operation, overdue(operation, guard, nullptr, key));
}

void Manager::check_record(const EndpointRecord& record, const Operation& operation) {
    auto guard = keys_.lock(record.key(), operation.stop, operation.deadline);
    const auto netns = reopen(record.spec.netns);
    chain_.check(record, fd_of(netns), operation, overdue(operation, guard, nullptr, record.key()));
}

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

void Manager::gc(const cni::Request& request, const Operation& operation) {
    if (!request.config.valid_attachments) {
        throw cni::CniError(cni::Code::InvalidConfig,
                            "cni.dev/valid-attachments is missing; without a list nothing is "
                            "known to be stale");
    }
    std::set<EndpointKey> valid;
    for (const auto& attachment : *request.config.valid_attachments) {
        valid.insert({attachment.container_id, attachment.ifname});
    }
    std::string failed;
    for (const auto& record : parts_.registry.all()) {
        if (record.spec.network == request.config.name && !valid.contains(record.key()) &&
            !take_down_quietly(record, operation)) {
            failed += " " + record.key().text();
        }
    }
    if (!failed.empty()) {
        throw Error(Status::Internal, "not all stale endpoints could be removed:" + failed);
    }
}

void Manager::status() {
    if (parts_.gate.lost() > 0) {
        throw cni::CniError(cni::Code::NotAvailable, "a module does not return from a call");
    }
    for (const auto& cidr : parts_.pool.counts().cidrs) {
        if (cidr.free == 0) {
            throw cni::CniError(cni::Code::NotAvailable,
                                "pod CIDR " + cidr.cidr.text() +
                                    " has no free address: " + std::to_string(cidr.used) +
                                    " in use, " + std::to_string(cidr.cooling) + " cooling");
        }
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
                take_down(*known, -1, operation, guard);
            } else if (!known) {
                auto nobody = new_record(ticket->request);
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
        try {
            parts_.pool.claim(record.key().full_text(), bare(record.spec.addresses));
        } catch (const Error& error) {
            log::error("two records claim one address",
                       {{"endpoint", record.key().text()}, {"reason", error.what()}});
        }
    }
    for (const auto& [address, until] : parts_.store.cooling()) {
        parts_.pool.restore_cooling(address, until);
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
    }
    if (kept) {
        parts_.registry.put(record);
        ++adoption.kept;
        return;
    }
    log::info("endpoint vanished while the daemon was away", {{"endpoint", record.key().text()}});
    ++(take_down_quietly(record, operation) ? adoption.gone : adoption.failed);
}

Adoption Manager::take_over(const Operation& operation) {
    reclaim_addresses();
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
