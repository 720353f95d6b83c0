#include <algorithm>

#include "base/checkpoint.hpp"
#include "base/log.hpp"
#include "pool/eni_worker.hpp"
#include "terway/error.hpp"

namespace terway::pool {
namespace {

// The cloud forgets tokens some day; older calls are left to the search for leaks.
constexpr std::chrono::hours kTokensLast{12};
constexpr unsigned kTwice = 2;

template <class T>
std::vector<T> common(const std::vector<T>& a, const std::vector<T>& b) {
    std::vector<T> out;
    std::copy_if(a.begin(), a.end(), std::back_inserter(out),
                 [&](const auto& each) { return std::find(b.begin(), b.end(), each) != b.end(); });
    return out;
}

}  // namespace

void EniWorker::begin() {
    for (auto record : parts_.journal.enis()) {
        // The NIC of a whole ENI in use is with its pod.
        bool ready = settings_.exclusive && parts_.pool.is_used(record.place.id);
        try {
            if (ready) {
                log::debug("an ENI found again is in use", {{"eni", record.place.id}});
            } else if (const auto index = parts_.nics.find(record.place.mac)) {
                record.place.ifindex = *index;
                parts_.nics.prepare(record.place);
                ready = true;
            }
        } catch (const Error& error) {
            log::warning("an ENI found again is not usable yet",
                         {{"eni", record.place.id}, {"reason", error.what()}});
        }
        parts_.pool.put_eni(record, ready);
    }
    for (const auto& call : parts_.journal.pending()) {
        if (clock_() - call.begun < kTokensLast) {
            parts_.pool.owe(call);
        } else {
            parts_.journal.finish(call.token);
        }
    }
}

void EniWorker::resync(const cloud::Patience& patience) {
    try {
        act_on(parts_.pool.compare(read(patience)), patience);
        // The pool grows once it knows its limits: not before it knows what it has.
        const bool is_first = !parts_.pool.knows_limits();
        if (is_first || settings_.vswitch_choice == VSwitchChoice::MostFree) {
            learn_vswitches(patience);
        }
        if (is_first) {
            learn_limits(patience);
        }
        delete_leaks(patience);
        parts_.observer.count("resync", "ok");
    } catch (const Error&) {
        parts_.observer.count("resync", "failed");
        throw;
    }
}

void EniWorker::learn_limits(const cloud::Patience& patience) {
    const auto type = settings_.instance_type.empty() ? parts_.metadata.instance(patience).type
                                                      : settings_.instance_type;
    parts_.pool.set_limits(parts_.api.describe_instance_type(type, patience));
}

void EniWorker::learn_vswitches(const cloud::Patience& patience) {
    parts_.pool.set_vswitches(parts_.api.describe_vswitches(settings_.vswitches, patience));
}

Reading EniWorker::read(const cloud::Patience& patience) {
    Reading out;
    out.began = parts_.pool.changes();
    out.under_way = parts_.pool.under_way();
    cloud::EniFilter filter;
    filter.instance = settings_.instance;
    const auto enis = parts_.api.describe_enis(filter, patience);
    for (const auto& mac : parts_.metadata.macs(patience)) {
        out.nics.insert(mac);
    }
    for (const auto& eni : enis) {
        std::optional<cloud::NicFacts> nic;
        if (eni.type != cloud::EniType::Primary && out.nics.contains(eni.mac)) {
            nic = parts_.metadata.nic(eni.mac, patience);
        }
        out.enis.push_back({eni, std::move(nic)});
    }
    out.under_way.merge(parts_.pool.under_way());
    return out;
}

void EniWorker::act_on(const Findings& findings, const cloud::Patience& patience) {
    for (const auto& id : findings.lost_enis) {
        parts_.observer.count("lost eni", id);
        log::error("an ENI has vanished behind our back", {{"eni", id}});
    }
    for (const auto& address : findings.lost) {
        parts_.observer.count("lost address", address.text());
        log::warning("an address has vanished behind our back", {{"address", address.text()}});
    }
    for (const auto& address : findings.lost_in_use) {
        parts_.observer.count("lost address in use", address.text());
        log::error("an address in use has vanished behind our back", {{"address", address.text()}});
    }
    for (const auto& address : findings.turned_up) {
        parts_.observer.count("turned up", address.text());
        log::info("an address has turned up", {{"address", address.text()}});
    }
    for (const auto& read : findings.to_adopt) {
        try {
            adopt(read, patience);
        } catch (const Error& error) {
            log::warning("an ENI cannot be adopted yet",
                         {{"eni", read.api.id}, {"reason", error.what()}});
        }
    }
    for (const auto& id : findings.changed) {
        keep(id);
    }
}

void EniWorker::adopt(const EniRead& read, const cloud::Patience& patience) {
    const auto& eni = read.api;
    EniRecord record{place_of(eni, patience), eni.vswitch, eni.primary, {}};
    record.addresses.ipv4.push_back(eni.primary);
    if (read.nic) {
        record.addresses = {common(eni.ipv4, read.nic->ipv4), common(eni.ipv6, read.nic->ipv6),
                            common(eni.ipv4_prefixes, read.nic->ipv4_prefixes),
                            common(eni.ipv6_prefixes, read.nic->ipv6_prefixes)};
    }
    if (settings_.exclusive) {
        record.addresses.ipv4 = {eni.primary};
        record.addresses.ipv6.resize(std::min<std::size_t>(record.addresses.ipv6.size(), 1));
        record.addresses.ipv4_prefixes.clear();
        record.addresses.ipv6_prefixes.clear();
    }
    parts_.nics.prepare(record.place);
    checkpoint("pool.adopt.prepared");
    parts_.journal.keep(record);
    parts_.pool.put_eni(record, true);
    parts_.observer.count("adopted eni", eni.id);
    log::info("ENI is adopted", {{"eni", eni.id}, {"vswitch", eni.vswitch}});
}

void EniWorker::delete_leaks(const cloud::Patience& patience) {
    cloud::EniFilter filter;
    filter.tags = own_tags();
    filter.status = cloud::EniStatus::Available;
    auto enis = parts_.api.describe_enis(filter, patience);
    const auto under_way = parts_.pool.under_way();
    const bool calls_are_open = !parts_.journal.pending().empty();
    std::erase_if(enis, [&](const auto& eni) {
        return under_way.contains(eni.id) || !eni.instance.empty() || !settings_.has_use(eni.tags);
    });
    std::vector<std::string> leaks;
    {
        const MutexLock lock(mutex_);
        std::map<std::string, unsigned> seen;
        for (const auto& eni : enis) {
            const auto count = leaks_[eni.id] + 1;
            seen[eni.id] = count;
            const bool is_old = eni.created && clock_() - *eni.created >= settings_.leak_grace;
            if (count >= kTwice && is_old && !calls_are_open) {
                leaks.push_back(eni.id);
            }
        }
        leaks_ = std::move(seen);
    }
    for (const auto& id : leaks) {
        parts_.observer.count("leaked eni", id);
        log::warning("an ENI of ours that nobody uses is deleted", {{"eni", id}});
        parts_.api.delete_eni(id, patience);
    }
}

}  // namespace terway::pool
