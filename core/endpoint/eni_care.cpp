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

Operation on_its_own() {
    return {after(kVerbTime), {}, {}};
}

// The C struct of one ENI; borrows the place.
class AbiEni {
public:
    AbiEni(const pool::EniPlace& eni, const std::vector<Prefix>& others) {
        for (const auto& subnet : eni.subnets) {
            subnets_.push_back(subnet.to_abi());
        }
        for (const auto& gateway : eni.gateways) {
            gateways_.push_back(Prefix::host(gateway).to_abi());
        }
        for (const auto& other : others) {
            others_.push_back(other.to_abi());
        }
        raw_ = sdk::sized<twy_eni>();
        raw_.ifindex = eni.ifindex;
        std::copy(eni.mac.bytes.begin(), eni.mac.bytes.end(), raw_.mac);
        raw_.id = {eni.id.data(), eni.id.size()};
        raw_.subnets = subnets_.data();
        raw_.subnet_count = subnets_.size();
        raw_.gateways = gateways_.data();
        raw_.gateway_count = gateways_.size();
        raw_.others = others_.data();
        raw_.other_count = others_.size();
    }
    AbiEni(const AbiEni&) = delete;
    AbiEni& operator=(const AbiEni&) = delete;

    [[nodiscard]] const twy_eni* raw() const noexcept { return &raw_; }

private:
    std::vector<twy_prefix> subnets_;
    std::vector<twy_prefix> gateways_;
    std::vector<twy_prefix> others_;
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

EniCare::Turn::Turn(EniCare& care, std::string eni, const Operation& operation)
    : care_(care), eni_(std::move(eni)) {
    const MutexLock lock(care_.mutex_);
    const auto free = [this]()
                          TERWAY_REQUIRES(care_.mutex_) { return !care_.busy_.contains(eni_); };
    if (!care_.turn_over_.wait(care_.mutex_, operation.stop, operation.deadline, free)) {
        throw Error(Status::Retry, "ENI " + eni_ + " is being worked on");
    }
    care_.busy_.insert(eni_);
}

EniCare::Turn::~Turn() {
    const MutexLock lock(care_.mutex_);
    care_.busy_.erase(eni_);
    care_.turn_over_.notify_all();
}

bool EniCare::knows_enis(const std::string& dataplane) const {
    const auto found = modules_.find(dataplane);
    return found != modules_.end() && found->second->eni() != nullptr;
}

std::vector<Prefix> EniCare::others(const std::string& eni, const std::string& dataplane) const {
    const MutexLock lock(mutex_);
    return occupants_.others(eni, dataplane);
}

void EniCare::call(const char* name, Verb verb, const pool::EniPlace& eni,
                   const Operation& operation) {
    std::optional<Error> first;
    bool any = false;
    for (const auto& dataplane : dataplanes_) {
        if (!knows_enis(dataplane)) {
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
    const AbiEni raw(eni, others(eni.id, dataplane));
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
    const auto operation = on_its_own();
    const Turn turn(*this, eni.id, operation);
    call("eni.prepare", &twy_eni_verbs::prepare, eni, operation);
    if (!exclusive_) {
        const MutexLock lock(mutex_);
        ready_.insert_or_assign(eni.id, eni);
    }
}

void EniCare::forget(const pool::EniPlace& eni) {
    const auto operation = on_its_own();
    const Turn turn(*this, eni.id, operation);
    {
        const MutexLock lock(mutex_);
        ready_.erase(eni.id);
    }
    call("eni.forget", &twy_eni_verbs::forget, eni, operation);
}

bool EniCare::shares_eni(const EndpointRecord& record) const {
    return !exclusive_ && dataplanes_.size() > 1 && record.spec.source == pool::Source::Eni &&
           !record.spec.eni.empty();
}

void EniCare::recall(const EndpointRecord& record) {
    if (shares_eni(record)) {
        const MutexLock lock(mutex_);
        occupants_.enter(record);
    }
}

void EniCare::entered(const EndpointRecord& record, const Operation& operation) {
    if (shares_eni(record)) {
        const Turn turn(*this, record.spec.eni, operation);
        recall(record);
        tell_others(record, operation);
    }
}

void EniCare::left(const EndpointRecord& record, const Operation& operation) {
    if (!shares_eni(record)) {
        return;
    }
    const auto forget_it = [&] {
        const MutexLock lock(mutex_);
        occupants_.leave(record);
    };
    try {
        const Turn turn(*this, record.spec.eni, operation);
        forget_it();
        tell_others(record, operation);
    } catch (const Error&) {
        forget_it();
        throw;
    }
}

void EniCare::tell_others(const EndpointRecord& record, const Operation& operation) {
    const auto all = ready();
    const auto eni = all.find(record.spec.eni);
    if (eni == all.end()) {
        return;  // they hear of it when the ENI is prepared
    }
    const auto own = dataplane_of(record);
    for (const auto& dataplane : dataplanes_) {
        if (dataplane != own && knows_enis(dataplane)) {
            call_one(dataplane, "eni.prepare", &twy_eni_verbs::prepare, eni->second, operation);
        }
    }
}

std::map<std::string, pool::EniPlace> EniCare::ready() const {
    const MutexLock lock(mutex_);
    return ready_;
}

bool EniCare::repair_one(const pool::EniPlace& eni, const Operation& operation) {
    const Turn turn(*this, eni.id, operation);
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
