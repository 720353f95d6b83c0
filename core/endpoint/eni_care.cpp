#include "endpoint/eni_care.hpp"

#include <chrono>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "netlink/link.hpp"
#include "netlink/socket.hpp"
#include "terway/error.hpp"
#include "terway/types.hpp"

namespace terway::endpoint {
namespace {

constexpr std::chrono::seconds kVerbTime{30};

// The C struct of one ENI; borrows the place.
class AbiEni {
public:
    explicit AbiEni(const pool::EniPlace& eni) {
        for (const auto& subnet : eni.subnets) {
            subnets_.push_back(subnet.to_abi());
        }
        for (const auto& gateway : eni.gateways) {
            gateways_.push_back(Prefix::host(gateway).to_abi());
        }
        raw_ = sdk::sized<twy_eni>();
        raw_.ifindex = eni.ifindex;
        std::copy(eni.mac.bytes.begin(), eni.mac.bytes.end(), raw_.mac);
        raw_.id = {eni.id.data(), eni.id.size()};
        raw_.subnets = subnets_.data();
        raw_.subnet_count = subnets_.size();
        raw_.gateways = gateways_.data();
        raw_.gateway_count = gateways_.size();
    }
    AbiEni(const AbiEni&) = delete;
    AbiEni& operator=(const AbiEni&) = delete;

    [[nodiscard]] const twy_eni* raw() const noexcept { return &raw_; }

private:
    std::vector<twy_prefix> subnets_;
    std::vector<twy_prefix> gateways_;
    twy_eni raw_;
};

}  // namespace

EniCare::EniCare(const Modules& modules, std::vector<std::string> dataplanes, bool exclusive,
                 host::Gate& gate, host::LinkReaper& reaper, Metrics& metrics)
    : modules_(modules),
      dataplanes_(std::move(dataplanes)),
      exclusive_(exclusive),
      gate_(gate),
      reaper_(reaper),
      metrics_(metrics) {}

std::optional<std::uint32_t> EniCare::find(const Mac& mac) {
    netlink::Socket socket;
    const auto nic = netlink::find_nic(socket, mac);
    return nic ? std::optional(nic->index) : std::nullopt;
}

void EniCare::await_change(const cloud::Patience& patience) {
    const MutexLock lock(mutex_);
    (void)changed_.wait(mutex_, patience.stop, patience.deadline,
                        [this]() TERWAY_REQUIRES(mutex_) { return changes_ != seen_; });
    seen_ = changes_;
}

void EniCare::links_changed() {
    const MutexLock lock(mutex_);
    ++changes_;
    changed_.notify_all();
}

void EniCare::call(const char* name, Verb verb, const pool::EniPlace& eni,
                   const Operation& operation) {
    std::optional<Error> first;
    bool any = false;
    for (const auto& dataplane : dataplanes_) {
        const auto found = modules_.find(dataplane);
        if (found == modules_.end() || found->second->eni() == nullptr) {
            continue;
        }
        any = true;
        try {
            call_one(dataplane, name, verb, eni, operation);
        } catch (const Error& error) {
            first = first.value_or(error);
        }
    }
    if (!any) {
        throw Error(Status::Unsupported, "no dataplane of this node knows ENIs");
    }
    if (first) {
        throw Error(*first);
    }
}

void EniCare::call_one(const std::string& dataplane, const char* name, Verb verb,
                       const pool::EniPlace& eni, const Operation& operation) {
    const auto& module = *modules_.at(dataplane);
    const auto* const verbs = module.eni();
    const AbiEni raw(eni);
    twy_call context(operation.deadline, reaper_);
    const auto returned = gate_.call(module, name, eni.id, context, [&](twy_error* reterr) {
        return (verbs->*verb)(module.instance(), &context, raw.raw(), reterr);
    });
    if (returned == host::Gate::Returned::Late) {
        throw Error(Status::Retry,
                    "module " + dataplane + ": " + name + " returned after it was given up");
    }
}

void EniCare::prepare(const pool::EniPlace& eni) {
    call("eni.prepare", &twy_eni_verbs::prepare, eni, {after(kVerbTime), {}, {}});
    if (!exclusive_) {
        const MutexLock lock(mutex_);
        ready_.insert_or_assign(eni.id, eni);
    }
}

void EniCare::forget(const pool::EniPlace& eni) {
    {
        const MutexLock lock(mutex_);
        ready_.erase(eni.id);
    }
    call("eni.forget", &twy_eni_verbs::forget, eni, {after(kVerbTime), {}, {}});
}

std::map<std::string, pool::EniPlace> EniCare::ready() const {
    const MutexLock lock(mutex_);
    return ready_;
}

bool EniCare::repair_one(const pool::EniPlace& eni, const Operation& operation) {
    std::string found;
    try {
        call("eni.check", &twy_eni_verbs::check, eni, operation);
        return false;
    } catch (const Error& error) {
        found = error.what();
    }
    if (!find(eni.mac)) {
        return false;  // the pool will hear of it
    }
    call("eni.prepare", &twy_eni_verbs::prepare, eni, operation);
    log::warning("somebody changed an ENI's NIC; repaired", {{"eni", eni.id}, {"found", found}});
    return true;
}

std::size_t EniCare::repair(const Suspects& suspects, const Operation& operation) {
    std::size_t repaired = 0;
    for (const auto& [id, eni] : ready()) {
        if (!suspects.concern_eni(eni.ifindex, eni.mac)) {
            continue;
        }
        try {
            repaired += repair_one(eni, operation) ? 1 : 0;
        } catch (const Error& error) {
            metrics_
                .counter("terway_eni_repair_failures_total", "NICs of ENIs that were not repaired")
                .increment();
            log::error("an ENI's NIC could not be repaired",
                       {{"eni", id}, {"reason", error.what()}});
        }
    }
    metrics_.counter("terway_eni_repairs_total", "NICs of ENIs put right after somebody's change")
        .increment(static_cast<double>(repaired));
    return repaired;
}

}  // namespace terway::endpoint
