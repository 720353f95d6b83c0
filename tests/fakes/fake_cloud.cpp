#include "fakes/fake_cloud.hpp"

#include <algorithm>
#include <utility>

namespace terway::fakes {

using cloud::EniStatus;
using cloud::Reaction;

// Counts a call and lets its faults and the fuse have their way before and after.
class FakeCloud::Call {
public:
    Call(FakeCloud& cloud, std::string action) : cloud_(cloud), action_(std::move(action)) {
        if (cloud_.fuse_ != nullptr) {
            cloud_.fuse_->burn();
        }
        ++cloud_.calls_[action_];
        cloud_.settle();
        fail(false);
    }
    void over() {
        fail(true);
        if (cloud_.fuse_ != nullptr) {
            cloud_.fuse_->burn();
        }
    }

private:
    void fail(bool after_effect) {
        for (auto& fault : cloud_.faults_) {
            if (fault.action == action_ && fault.after_effect == after_effect && fault.times > 0) {
                --fault.times;
                throw cloud::ApiError(fault.reaction, action_, "Injected", "injected failure");
            }
        }
    }

    FakeCloud& cloud_;
    std::string action_;
};

FakeCloud::FakeCloud(cloud::InstanceLimits limits, WallClock clock, Fuse* fuse)
    : limits_(std::move(limits)), clock_(std::move(clock)), fuse_(fuse) {}

void FakeCloud::add_vswitch(const std::string& id, std::uint64_t free) {
    const std::scoped_lock lock(mutex_);
    cloud::VSwitch vswitch;
    vswitch.id = id;
    vswitch.vpc = "vpc-1";
    vswitch.zone = "zone-a";
    vswitch.cidr = Prefix::parse("10.0.0.0/8").value();
    vswitch.cidr6 = Prefix::parse("fd00::/16").value();
    vswitch.free = free;
    vswitches_[id] = vswitch;
}

void FakeCloud::inject(const Fault& fault) {
    const std::scoped_lock lock(mutex_);
    faults_.push_back(fault);
}

void FakeCloud::freeze_reads(bool frozen) {
    const std::scoped_lock lock(mutex_);
    settle();
    frozen_ = frozen ? std::optional(enis_) : std::nullopt;
}

void FakeCloud::lose_eni(const std::string& id) {
    const std::scoped_lock lock(mutex_);
    enis_.erase(id);
}

void FakeCloud::lose_address(const IpAddress& address) {
    const std::scoped_lock lock(mutex_);
    for (auto& [_, eni] : enis_) {
        std::erase(eni.ipv4, address);
        std::erase(eni.ipv6, address);
    }
}

void FakeCloud::add_foreign_eni(const cloud::Eni& eni) {
    const std::scoped_lock lock(mutex_);
    enis_[eni.id] = eni;
}

IpAddress FakeCloud::add_address(const std::string& eni) {
    const std::scoped_lock lock(mutex_);
    auto& addresses = enis_.at(eni).ipv4;
    addresses.push_back(next_address(Family::V4));
    return addresses.back();
}

std::map<std::string, unsigned> FakeCloud::calls() const {
    const std::scoped_lock lock(mutex_);
    return calls_;
}

unsigned FakeCloud::changing_calls() const {
    unsigned out = 0;
    for (const auto& [action, count] : calls()) {
        out += action.starts_with("describe") || action.starts_with("metadata") ? 0 : count;
    }
    return out;
}

std::vector<cloud::Eni> FakeCloud::enis() const {
    const std::scoped_lock lock(mutex_);
    std::vector<cloud::Eni> out;
    for (const auto& [_, eni] : enis_) {
        out.push_back(eni);
    }
    return out;
}

std::set<IpAddress> FakeCloud::addresses_in_use() const {
    std::set<IpAddress> out;
    for (const auto& eni : enis()) {
        out.insert(eni.ipv4.begin(), eni.ipv4.end());
        out.insert(eni.ipv6.begin(), eni.ipv6.end());
    }
    return out;
}

bool FakeCloud::quota_was_exceeded() const {
    const std::scoped_lock lock(mutex_);
    return exceeded_;
}

void FakeCloud::settle() {
    for (auto& [id, eni] : enis_) {
        if (eni.status == EniStatus::Attaching && attached_at_[id] <= clock_()) {
            eni.status = EniStatus::InUse;
        }
    }
}

IpAddress FakeCloud::next_address(Family family) {
    const auto base = family == Family::V4 ? "10.0.0.10" : "fd00::10";
    return IpAddress::parse(base).value().plus(next_address_++);
}

Prefix FakeCloud::next_prefix(Family family) {
    const auto number = next_prefix_++;
    if (family == Family::V4) {
        return {IpAddress::parse("10.128.0.0").value().plus(number * 16), 28};
    }
    return {IpAddress::parse("fd00:1:" + std::to_string(number % 10'000) + "::").value(), 80};
}

void FakeCloud::spend(const std::string& vswitch, std::uint64_t count, const std::string& action) {
    const auto found = vswitches_.find(vswitch);
    if (found == vswitches_.end()) {
        throw cloud::ApiError(Reaction::BadVSwitch, action, "InvalidVSwitchId.NotFound", vswitch);
    }
    if (found->second.free < count) {
        throw cloud::ApiError(Reaction::VSwitchFull, action, "InvalidVSwitchId.IpNotEnough",
                              vswitch);
    }
    found->second.free -= count;
}

cloud::AddressSet FakeCloud::add_to(cloud::Eni& eni, const cloud::AddressWish& wish,
                                    const std::string& action) {
    if (eni.ipv4.size() + eni.ipv4_prefixes.size() + wish.ipv4 + wish.ipv4_prefixes >
            limits_.ipv4_per_eni ||
        eni.ipv6.size() + eni.ipv6_prefixes.size() + wish.ipv6 + wish.ipv6_prefixes >
            std::max(limits_.ipv6_per_eni, 1U)) {
        exceeded_ = true;
        throw cloud::ApiError(Reaction::AddressLimit, action, "InvalidOperation", eni.id);
    }
    spend(eni.vswitch, wish.ipv4 + std::uint64_t{wish.ipv4_prefixes} * 16, action);
    cloud::AddressSet out;
    for (std::uint32_t i = 0; i < wish.ipv4; ++i) {
        out.ipv4.push_back(next_address(Family::V4));
    }
    for (std::uint32_t i = 0; i < wish.ipv6; ++i) {
        out.ipv6.push_back(next_address(Family::V6));
    }
    for (std::uint32_t i = 0; i < wish.ipv4_prefixes; ++i) {
        out.ipv4_prefixes.push_back(next_prefix(Family::V4));
    }
    for (std::uint32_t i = 0; i < wish.ipv6_prefixes; ++i) {
        out.ipv6_prefixes.push_back(next_prefix(Family::V6));
    }
    const auto append = [](auto& to, const auto& more) {
        to.insert(to.end(), more.begin(), more.end());
    };
    append(eni.ipv4, out.ipv4);
    append(eni.ipv6, out.ipv6);
    append(eni.ipv4_prefixes, out.ipv4_prefixes);
    append(eni.ipv6_prefixes, out.ipv6_prefixes);
    return out;
}

cloud::Eni& FakeCloud::existing(const std::string& id, const std::string& action) {
    const auto found = enis_.find(id);
    if (found == enis_.end()) {
        throw cloud::ApiError(Reaction::Gone, action, "InvalidEniId.NotFound", id);
    }
    return found->second;
}

cloud::Eni FakeCloud::create_eni(const cloud::NewEni& wish, const std::string& token,
                                 const cloud::Patience& /*patience*/) {
    const std::scoped_lock lock(mutex_);
    Call call(*this, "create");
    if (const auto known = created_.find(token); known != created_.end()) {
        call.over();
        return known->second;
    }
    spend(wish.vswitch, 1, "create");
    cloud::Eni eni;
    const auto number = next_eni_++;
    eni.id = "eni-" + std::to_string(number);
    eni.mac = Mac{{0x00, 0x16, 0x3e, 0, static_cast<std::uint8_t>(number >> 8U),
                   static_cast<std::uint8_t>(number)}};
    eni.status = EniStatus::Available;
    eni.vswitch = wish.vswitch;
    eni.vpc = "vpc-1";
    eni.tags = wish.tags;
    eni.created = clock_();
    eni.primary = next_address(Family::V4);
    eni.ipv4 = {eni.primary};
    (void)add_to(eni, wish.addresses, "create");
    enis_[eni.id] = eni;
    created_[token] = eni;
    call.over();
    return eni;
}

void FakeCloud::attach_eni(const std::string& id, const std::string& instance,
                           const cloud::Patience& /*patience*/) {
    const std::scoped_lock lock(mutex_);
    Call call(*this, "attach");
    auto& eni = existing(id, "attach");
    if (eni.status != EniStatus::Available) {
        throw cloud::ApiError(Reaction::WrongState, "attach", "InvalidEniState", id);
    }
    const auto attached = std::count_if(enis_.begin(), enis_.end(), [&](const auto& each) {
        return each.second.instance == instance;
    });
    if (attached + 1 >= static_cast<std::ptrdiff_t>(limits_.enis)) {
        exceeded_ = true;
        throw cloud::ApiError(Reaction::EniLimit, "attach", "EniPerInstanceLimitExceeded", id);
    }
    eni.instance = instance;
    eni.status = EniStatus::Attaching;
    attached_at_[id] = clock_() + attach_takes_;
    settle();
    call.over();
}

void FakeCloud::detach_eni(const std::string& id, const std::string& /*instance*/,
                           const cloud::Patience& /*patience*/) {
    const std::scoped_lock lock(mutex_);
    Call call(*this, "detach");
    auto& eni = existing(id, "detach");
    eni.instance.clear();
    eni.status = EniStatus::Available;
    call.over();
}

void FakeCloud::delete_eni(const std::string& id, const cloud::Patience& /*patience*/) {
    const std::scoped_lock lock(mutex_);
    Call call(*this, "delete");
    auto& eni = existing(id, "delete");
    if (eni.status != EniStatus::Available) {
        throw cloud::ApiError(Reaction::WrongState, "delete", "InvalidEniState", id);
    }
    vswitches_[eni.vswitch].free += eni.ipv4.size() + eni.ipv4_prefixes.size() * 16;
    enis_.erase(id);
    call.over();
}

std::vector<cloud::Eni> FakeCloud::describe_enis(const cloud::EniFilter& filter,
                                                 const cloud::Patience& /*patience*/) {
    if (while_reading) {
        while_reading();
    }
    const std::scoped_lock lock(mutex_);
    Call call(*this, "describe enis");
    std::vector<cloud::Eni> out;
    for (const auto& [id, eni] : frozen_ ? *frozen_ : enis_) {
        const bool tagged = std::all_of(filter.tags.begin(), filter.tags.end(), [&](auto& tag) {
            const auto found = eni.tags.find(tag.first);
            return found != eni.tags.end() && found->second == tag.second;
        });
        const bool named = filter.ids.empty() ||
                           std::find(filter.ids.begin(), filter.ids.end(), id) != filter.ids.end();
        if (tagged && named && (filter.instance.empty() || eni.instance == filter.instance) &&
            (!filter.status || eni.status == *filter.status)) {
            out.push_back(eni);
        }
    }
    call.over();
    return out;
}

cloud::AddressSet FakeCloud::assign(const std::string& id, const cloud::AddressWish& wish,
                                    const std::string& token, const cloud::Patience& /*patience*/) {
    const std::scoped_lock lock(mutex_);
    Call call(*this, "assign");
    if (const auto known = assigned_.find(token); known != assigned_.end()) {
        call.over();
        return known->second;
    }
    const auto fresh = add_to(existing(id, "assign"), wish, "assign");
    assigned_[token] = fresh;
    call.over();
    return fresh;
}

void FakeCloud::unassign(const std::string& id, const cloud::AddressSet& addresses,
                         const cloud::Patience& /*patience*/) {
    const std::scoped_lock lock(mutex_);
    Call call(*this, "unassign");
    auto& eni = existing(id, "unassign");
    for (const auto& address : addresses.ipv4) {
        if (address == eni.primary || std::erase(eni.ipv4, address) == 0) {
            throw cloud::ApiError(Reaction::NotAssigned, "unassign", "InvalidIp.IpUnassigned",
                                  address.text());
        }
    }
    for (const auto& address : addresses.ipv6) {
        std::erase(eni.ipv6, address);
    }
    for (const auto& prefix : addresses.ipv4_prefixes) {
        std::erase(eni.ipv4_prefixes, prefix);
    }
    vswitches_[eni.vswitch].free += addresses.ipv4.size() + addresses.ipv4_prefixes.size() * 16;
    call.over();
}

cloud::InstanceLimits FakeCloud::describe_instance_type(const std::string& /*type*/,
                                                        const cloud::Patience& /*patience*/) {
    const std::scoped_lock lock(mutex_);
    Call call(*this, "describe type");
    return limits_;
}

std::vector<cloud::VSwitch> FakeCloud::describe_vswitches(const std::vector<std::string>& ids,
                                                          const cloud::Patience& /*patience*/) {
    const std::scoped_lock lock(mutex_);
    Call call(*this, "describe vswitches");
    std::vector<cloud::VSwitch> out;
    for (const auto& id : ids) {
        if (const auto found = vswitches_.find(id); found != vswitches_.end()) {
            out.push_back(found->second);
        }
    }
    return out;
}

void FakeCloud::tag_enis(const std::vector<std::string>& /*enis*/, const cloud::Tags& /*tags*/,
                         const cloud::Patience& /*patience*/) {}

std::vector<std::string> FakeCloud::describe_route_tables(const std::string& /*vpc*/,
                                                          const cloud::Patience& /*patience*/) {
    return {};
}

std::vector<cloud::RouteEntry> FakeCloud::describe_route_entries(
    const std::string& /*table*/, const std::optional<Prefix>& /*destination*/,
    const cloud::Patience& /*patience*/) {
    return {};
}

void FakeCloud::create_route_entry(const std::string& /*table*/, const Prefix& /*destination*/,
                                   const std::string& /*instance*/,
                                   const std::string& /*description*/, const std::string& /*token*/,
                                   const cloud::Patience& /*patience*/) {}

void FakeCloud::delete_route_entry(const cloud::RouteEntry& /*entry*/,
                                   const cloud::Patience& /*patience*/) {}

cloud::InstanceFacts FakeCloud::instance(const cloud::Patience& /*patience*/) {
    cloud::InstanceFacts facts;
    facts.instance = "i-1";
    facts.type = limits_.type;
    return facts;
}

std::vector<Mac> FakeCloud::macs(const cloud::Patience& /*patience*/) {
    const std::scoped_lock lock(mutex_);
    Call call(*this, "metadata macs");
    std::vector<Mac> out;
    for (const auto& [_, eni] : frozen_ ? *frozen_ : enis_) {
        if (eni.status == EniStatus::InUse && eni.instance == "i-1") {
            out.push_back(eni.mac);
        }
    }
    return out;
}

std::optional<cloud::NicFacts> FakeCloud::nic(const Mac& mac, const cloud::Patience& /*patience*/) {
    const std::scoped_lock lock(mutex_);
    Call call(*this, "metadata nic");
    for (const auto& [id, eni] : frozen_ ? *frozen_ : enis_) {
        if (eni.mac == mac && eni.status == EniStatus::InUse) {
            cloud::NicFacts facts;
            facts.mac = mac;
            facts.eni = id;
            facts.vswitch = eni.vswitch;
            facts.primary = eni.primary;
            facts.ipv4 = eni.ipv4;
            facts.ipv6 = eni.ipv6;
            facts.ipv4_prefixes = eni.ipv4_prefixes;
            facts.ipv6_prefixes = eni.ipv6_prefixes;
            return facts;
        }
    }
    return std::nullopt;
}

}  // namespace terway::fakes
