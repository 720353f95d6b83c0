#include "pool/eni_worker.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/checkpoint.hpp"
#include "base/log.hpp"
#include "terway/error.hpp"

namespace terway::pool {
namespace {

using cloud::Reaction;

std::string_view word_of(OrderKind kind) {
    constexpr std::array<std::string_view, 6> kWords{"create", "assign", "unassign",
                                                     "delete", "forget", "prepare"};
    return kWords.at(static_cast<std::size_t>(kind));
}

// A read of the cloud may not show a new ENI yet.
constexpr std::chrono::seconds kSlowToShow{30};

Failure failure_of(const Error& error) {
    Failure out;
    out.text = error.what();
    if (const auto* const said = dynamic_cast<const cloud::ApiError*>(&error)) {
        out.reaction = said->reaction();
        out.retry_after = said->retry_after();
    }
    return out;
}

// The call may have had its effect, or will have with the same token.
bool stays_open(const Failure& failure) {
    return failure.reaction == Reaction::Unknown || failure.reaction == Reaction::Conflict;
}

// Repeating cannot help this ENI.
bool is_final(Reaction reaction) {
    switch (reaction) {
        case Reaction::EniLimit:
        case Reaction::AddressLimit:
        case Reaction::AccountLimit:
        case Reaction::VSwitchFull:
        case Reaction::Gone:
        case Reaction::NoIpv6:
        case Reaction::BadVSwitch:
        case Reaction::Forbidden:
        case Reaction::Permanent:
        case Reaction::NotAssigned:
        case Reaction::AddressTaken:
            return true;
        default:
            return false;
    }
}

std::vector<cloud::AddressWish> by_kind(const cloud::AddressWish& wish) {
    std::vector<cloud::AddressWish> out;
    for (const auto member :
         {&cloud::AddressWish::ipv4, &cloud::AddressWish::ipv6, &cloud::AddressWish::ipv4_prefixes,
          &cloud::AddressWish::ipv6_prefixes}) {
        if (wish.*member != 0) {
            cloud::AddressWish one;
            one.*member = wish.*member;
            out.push_back(one);
        }
    }
    return out;
}

template <class T>
void merge(std::vector<T>& into, const std::vector<T>& more) {
    for (const auto& each : more) {
        if (std::find(into.begin(), into.end(), each) == into.end()) {
            into.push_back(each);
        }
    }
}

void merge(cloud::AddressSet& into, const cloud::AddressSet& more) {
    merge(into.ipv4, more.ipv4);
    merge(into.ipv6, more.ipv6);
    merge(into.ipv4_prefixes, more.ipv4_prefixes);
    merge(into.ipv6_prefixes, more.ipv6_prefixes);
}

cloud::AddressSet addresses_of(const cloud::Eni& eni) {
    cloud::AddressSet out{eni.ipv4, eni.ipv6, eni.ipv4_prefixes, eni.ipv6_prefixes};
    merge(out.ipv4, std::vector{eni.primary});
    return out;
}

}  // namespace

EniWorker::EniWorker(Parts parts, EniSettings settings, EniPool::WallClock clock,
                     std::function<std::string()> new_token)
    : parts_(parts),
      settings_(std::move(settings)),
      clock_(std::move(clock)),
      new_token_(std::move(new_token)),
      watch_(parts.api, parts.nics) {}

void EniWorker::carry_out(const Order& order, const cloud::Patience& patience) {
    try {
        switch (order.kind) {
            case OrderKind::Create:
                return create(order, patience);
            case OrderKind::Assign:
                return assign(order, patience);
            case OrderKind::Unassign:
                return unassign(order, patience);
            case OrderKind::Delete:
                return remove(order, patience);
            case OrderKind::Forget:
                return forget(order);
            case OrderKind::Prepare:
                return prepare(order, patience);
        }
    } catch (const Error& error) {
        auto failure = failure_of(error);
        failure.open = order.again;
        fail(order, std::move(failure));
    }
}

void EniWorker::fail(const Order& order, Failure failure) {
    parts_.observer.count("order failed", word_of(order.kind));
    log::warning("the cloud did not carry out an order",
                 {{"order", word_of(order.kind)}, {"eni", order.eni}, {"reason", failure.text}});
    parts_.pool.failed(order.id, failure);
}

cloud::Tags EniWorker::own_tags() const {
    cloud::Tags tags{{"creator", "terway"}, {"terway.instance", settings_.instance}};
    if (!settings_.cluster.empty()) {
        tags["terway.cluster"] = settings_.cluster;
    }
    if (settings_.exclusive) {
        tags[kUseTag] = kExclusiveUse;
    }
    return tags;
}

PendingCall EniWorker::new_creation(const Order& order) const {
    cloud::NewEni wish;
    wish.vswitch = order.vswitch;
    wish.security_groups = settings_.security_groups;
    wish.resource_group = settings_.resource_group;
    wish.name = "terway-" + settings_.instance;
    wish.description = "pods of " + settings_.instance;
    wish.tags = settings_.tags;
    for (const auto& [key, value] : own_tags()) {
        wish.tags[key] = value;
    }
    for (const auto& [key, value] : settings_.only_tags) {
        wish.tags[key] = value;
    }
    wish.addresses = order.wish;
    return {new_token_(), wish, {}, {}, clock_()};
}

void EniWorker::create(const Order& order, const cloud::Patience& patience) {
    const auto call = order.again ? *order.again : new_creation(order);
    if (!order.again) {
        parts_.journal.begin(call);
    }
    checkpoint("pool.create.begun");
    std::optional<cloud::Eni> eni;
    try {
        eni = parts_.api.create_eni(*call.create, call.token, patience);
        checkpoint("pool.create.called");
        if (parts_.pool.record(eni->id)) {
            parts_.journal.finish(call.token);
            return parts_.pool.done(order.id);
        }
        parts_.pool.progress(order.id, eni->id, "attaching");
        attach_and_prepare(order, call, *eni, patience);
        parts_.observer.count("order", "create");
    } catch (const Error& error) {
        auto failure = failure_of(error);
        const bool too_old = clock_() - call.begun > settings_.leak_grace;
        if (eni ? !is_final(failure.reaction) && !too_old : stays_open(failure) && !too_old) {
            failure.open = call;
        } else {
            if (eni) {
                abandon(eni->id, patience);
            }
            parts_.journal.finish(call.token);
        }
        fail(order, std::move(failure));
    }
}

void EniWorker::attach_and_prepare(const Order& order, const PendingCall& call,
                                   const cloud::Eni& eni, const cloud::Patience& patience) {
    const auto attached = attach(eni.id, call.begun, patience);
    checkpoint("pool.create.attached");
    parts_.pool.progress(order.id, eni.id, "preparing");
    EniRecord record{place_of(attached, patience), eni.vswitch, eni.primary, addresses_of(eni)};
    parts_.nics.prepare(record.place);
    checkpoint("pool.create.prepared");
    parts_.journal.keep(record);
    checkpoint("pool.create.kept");
    parts_.journal.finish(call.token);
    parts_.pool.created(order.id, record);
    log::info("ENI is ready", {{"eni", eni.id},
                               {"vswitch", eni.vswitch},
                               {"ipv4", record.addresses.ipv4.size()},
                               {"ipv6", record.addresses.ipv6.size()}});
}

cloud::Eni EniWorker::attach(const std::string& id, WallTime begun,
                             const cloud::Patience& patience) {
    using cloud::EniStatus;
    auto state = watch_.look(id, patience);
    bool refused = false;
    // The cloud has just made it, but its reads may be behind.
    const auto may_still_show = [&] { return clock_() - begun < kSlowToShow; };
    while (!state || state->status != EniStatus::InUse) {
        if (!state && !may_still_show()) {
            throw cloud::ApiError(Reaction::Gone, "DescribeNetworkInterfaces", "",
                                  "ENI " + id + " is gone");
        }
        bool look_again = !state || state->status == EniStatus::Creating;
        if (state && state->status == EniStatus::Available) {
            try {
                parts_.api.attach_eni(id, settings_.instance, patience);
            } catch (const cloud::ApiError& error) {
                if ((error.reaction() != Reaction::WrongState &&
                     error.reaction() != Reaction::Unknown) ||
                    refused) {
                    throw;
                }
                refused = true;
                look_again = true;
            }
            checkpoint("pool.create.attach_called");
        }
        state = watch_.await(
            id,
            [&](const auto& now) {
                return now ? now->status == EniStatus::InUse ||
                                 (now->status == EniStatus::Available && look_again)
                           : !may_still_show();
            },
            patience);
    }
    if (state->instance != settings_.instance) {
        throw cloud::ApiError(Reaction::Gone, "DescribeNetworkInterfaces", "",
                              "ENI " + id + " is attached to " + state->instance);
    }
    return *state;
}

std::uint32_t EniWorker::await_nic(const std::string& id, const Mac& mac,
                                   const cloud::Patience& patience) {
    auto index = parts_.nics.find(mac);
    while (!index) {
        if (patience.stop.stop_requested() || Clock::now() >= patience.deadline) {
            throw Error(Status::Retry,
                        "ENI " + id + " is attached but the node has no NIC " + mac.text());
        }
        parts_.nics.await_change(
            {patience.stop, std::min(patience.deadline, after(std::chrono::seconds(1)))});
        index = parts_.nics.find(mac);
    }
    return *index;
}

EniPlace EniWorker::place_of(const cloud::Eni& eni, const cloud::Patience& patience) {
    EniPlace place;
    place.id = eni.id;
    place.mac = eni.mac;
    place.ifindex = await_nic(eni.id, eni.mac, patience);
    std::optional<cloud::NicFacts> facts;
    try {
        facts = parts_.metadata.nic(eni.mac, patience);
    } catch (const Error& error) {
        log::info("the metadata service does not tell of a NIC",
                  {{"eni", eni.id}, {"reason", error.what()}});
    }
    if (facts && !facts->subnets.empty() && !facts->gateways.empty()) {
        place.subnets = facts->subnets;
        place.gateways = facts->gateways;
        return place;
    }
    auto vswitch = parts_.pool.vswitch(eni.vswitch);
    if (!vswitch) {
        const auto all = parts_.api.describe_vswitches({eni.vswitch}, patience);
        if (all.empty()) {
            throw Error(Status::Internal,
                        "vswitch " + eni.vswitch + " of ENI " + eni.id + " does not exist");
        }
        vswitch = all.front();
    }
    const auto add = [&](const Prefix& subnet) {
        place.subnets.push_back(subnet.network());
        // The third-last address of a vSwitch is its gateway.
        auto bytes = subnet.last();
        std::array<std::uint8_t, 16> raw{};
        std::copy(bytes.bytes().begin(), bytes.bytes().end(), raw.begin());
        raw.at(bytes.bytes().size() - 1) =
            static_cast<std::uint8_t>(raw.at(bytes.bytes().size() - 1) - 2);
        place.gateways.emplace_back(
            bytes.family(), std::span<const std::uint8_t>(raw.data(), bytes.bytes().size()));
    };
    add(vswitch->cidr);
    if (vswitch->cidr6) {
        add(*vswitch->cidr6);
    }
    return place;
}

void EniWorker::abandon(const std::string& eni, const cloud::Patience& patience) {
    try {
        parts_.api.delete_eni(eni, patience);
        log::warning("an ENI that could not be completed is deleted", {{"eni", eni}});
    } catch (const Error& error) {
        log::warning("an ENI that could not be completed is left for the search for leaks",
                     {{"eni", eni}, {"reason", error.what()}});
    }
}

void EniWorker::assign(const Order& order, const cloud::Patience& patience) {
    if (order.again) {
        if (assign_one(order, *order.again, patience)) {
            parts_.pool.done(order.id);
        }
        return;
    }
    for (const auto& wish : by_kind(order.wish)) {
        const PendingCall call{new_token_(), {}, order.eni, wish, clock_()};
        parts_.journal.begin(call);
        checkpoint("pool.assign.begun");
        if (!assign_one(order, call, patience)) {
            return;
        }
    }
    parts_.pool.done(order.id);
    parts_.observer.count("order", "assign");
}

bool EniWorker::assign_one(const Order& order, const PendingCall& call,
                           const cloud::Patience& patience) {
    cloud::AddressSet fresh;
    try {
        fresh = parts_.api.assign(call.eni, call.wish, call.token, patience);
    } catch (const Error& error) {
        auto failure = failure_of(error);
        if (stays_open(failure) && clock_() - call.begun <= settings_.leak_grace) {
            failure.open = call;
        } else {
            parts_.journal.finish(call.token);
        }
        fail(order, std::move(failure));
        return false;
    }
    checkpoint("pool.assign.called");
    if (auto record = parts_.pool.record(call.eni)) {
        merge(record->addresses, fresh);
        parts_.journal.keep(*record);
        checkpoint("pool.assign.kept");
    }
    parts_.journal.finish(call.token);
    parts_.pool.assigned(order.id, fresh);
    return true;
}

void EniWorker::unassign(const Order& order, const cloud::Patience& patience) {
    keep(order.eni);
    checkpoint("pool.unassign.dropped");
    try {
        parts_.api.unassign(order.eni, order.addresses, patience);
    } catch (const Error& error) {
        fail(order, failure_of(error));
        keep(order.eni);
        return;
    }
    checkpoint("pool.unassign.called");
    parts_.pool.done(order.id);
    parts_.observer.count("order", "unassign");
}

void EniWorker::remove(const Order& order, const cloud::Patience& patience) {
    using cloud::EniStatus;
    parts_.journal.drop(order.eni);
    checkpoint("pool.delete.dropped");
    parts_.nics.forget(order.place);
    auto state = watch_.look(order.eni, patience);
    if (state && state->status == EniStatus::InUse) {
        parts_.api.detach_eni(order.eni, settings_.instance, patience);
        checkpoint("pool.delete.detached");
    }
    if (state && state->status != EniStatus::Available) {
        state = watch_.await(
            order.eni, [](const auto& now) { return !now || now->status == EniStatus::Available; },
            patience);
    }
    if (state && state->status == EniStatus::Available) {
        parts_.api.delete_eni(order.eni, patience);
        checkpoint("pool.delete.called");
    }
    parts_.pool.done(order.id);
    parts_.observer.count("order", "delete");
    log::info("ENI is deleted", {{"eni", order.eni}});
}

void EniWorker::forget(const Order& order) {
    parts_.nics.forget(order.place);
    parts_.journal.drop(order.eni);
    parts_.pool.done(order.id);
    parts_.observer.count("order", "forget");
}

void EniWorker::prepare(const Order& order, const cloud::Patience& patience) {
    auto place = order.place;
    place.ifindex =
        await_nic(place.id, place.mac,
                  {patience.stop, std::min(patience.deadline, after(settings_.nic_returns_within)),
                   patience.on_setback});
    parts_.nics.prepare(place);
    checkpoint("pool.prepare.prepared");
    parts_.pool.prepared(order.id, place.ifindex);
    keep(order.eni);
    parts_.observer.count("order", "prepare");
}

void EniWorker::keep(const std::string& eni) {
    if (const auto record = parts_.pool.record(eni)) {
        parts_.journal.keep(*record);
    }
}

}  // namespace terway::pool
