#include "sim/cloud/eni_book.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/cloud/call.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

constexpr std::size_t kUnattachedIpv4 = 50;  // with the primary one
constexpr std::size_t kUnattachedIpv6 = 10;

[[noreturn]] void wrong_state(const std::string& eni, EniStatus status) {
    refuse_call(400, "InvalidOperation.InvalidEniState",
                "The current status of " + eni +
                    " does not support this operation: " + name_of(status) + ".");
}

bool shares_group(const EniRecord& record, const std::string& group) {
    return std::find(record.security_groups.begin(), record.security_groups.end(), group) !=
           record.security_groups.end();
}

}  // namespace

const char* name_of(EniStatus status) {
    constexpr std::array<const char*, 6> kNames{"Creating", "Available", "Attaching",
                                                "InUse",    "Detaching", "Deleting"};
    return kNames.at(static_cast<std::size_t>(status));
}

std::size_t slots_of(const Eni& eni, Family family) {
    const auto prefixes = std::count_if(eni.prefixes.begin(), eni.prefixes.end(),
                                        [&](const Prefix& p) { return p.family() == family; });
    return static_cast<std::size_t>(prefixes) +
           (family == Family::V4 ? 1 + eni.secondary.size() : eni.ipv6.size());
}

EniBook::EniBook(Model model, InstanceTypes types, const Settings& settings, Dice& dice)
    : model_(std::move(model)), types_(std::move(types)), settings_(settings), dice_(dice) {
    for (const auto& [id, eni] : model_.enis()) {
        EniRecord& made = records_[id];
        made.security_groups = {"sg-default"};
        if (eni.attachment) {
            made.status = EniStatus::InUse;
            made.instance = eni.attachment->instance;
        }
        views_[id] = std::make_shared<const EniView>(EniView{eni, made});
    }
    described_.push_back({WallTime::min(), views_});
    metadata_.push_back({WallTime::min(), views_});
}

const Eni& EniBook::create(const EniWish& wish, WallTime now) {
    const auto& vswitches = model_.vswitches();
    if (!vswitches.contains(wish.vswitch)) {
        refuse_call(404, "InvalidVSwitchId.NotFound", "The specified VSwitchId does not exist.");
    }
    if (wish.ipv4.slots() >= kUnattachedIpv4) {
        refuse_call(403, "MaxEniPrivateIpsCountExceeded", "Too many private IP addresses.");
    }
    if (wish.ipv6.slots() > kUnattachedIpv6) {
        refuse_call(403, "MaxEniIpv6IpsCountExceeded", "Too many IPv6 addresses.");
    }
    const auto secondary = static_cast<std::size_t>(
        std::count_if(model_.enis().begin(), model_.enis().end(), [](const auto& entry) {
            return !entry.second.attachment || !entry.second.attachment->primary();
        }));
    if (secondary >= settings_.eni_quota) {
        refuse_call(403, "MaxEniCountExceeded",
                    "The quota of elastic network interfaces is used up.");
    }
    check_groups(wish.record.security_groups, 1 + wish.ipv4.slots());
    Wish ipv4 = wish.ipv4;
    if (wish.primary) {
        ipv4.addresses.insert(ipv4.addresses.begin(), *wish.primary);
    } else if (ipv4.addresses.empty()) {
        ++ipv4.address_count;
    }
    Given four = choose(wish.vswitch, Family::V4, ipv4);
    if (!wish.primary && !wish.ipv4.addresses.empty()) {
        auto more = model_.free_addresses(wish.vswitch, Family::V4, four.addresses.size() + 1);
        const auto unused = std::find_if(more.begin(), more.end(), [&](const IpAddress& one) {
            return std::find(four.addresses.begin(), four.addresses.end(), one) ==
                   four.addresses.end();
        });
        four.addresses.insert(four.addresses.begin(), *unused);
    }
    const Given six = choose(wish.vswitch, Family::V6, wish.ipv6);
    EniRequest request;
    request.id = fmt::format("eni-sim{:08}", next_eni_++);
    request.vswitch = wish.vswitch;
    request.primary = four.addresses.front();
    request.secondary.assign(four.addresses.begin() + 1, four.addresses.end());
    request.ipv6 = six.addresses;
    request.prefixes = four.prefixes;
    request.prefixes.insert(request.prefixes.end(), six.prefixes.begin(), six.prefixes.end());
    request.source_dest_check = wish.source_dest_check;
    const Eni& made = model_.create_eni(request);
    records_[made.id] = wish.record;
    records_[made.id].created = now;
    begin(made.id, EniStatus::Creating, settings_.create, now);
    return model_.eni(made.id);
}

void EniBook::attach(const std::string& eni_id, const std::string& instance, WallTime now) {
    const EniRecord& mine = record(eni_id);
    if (!model_.instances().contains(instance)) {
        refuse_call(404, "InvalidEcsId.NotFound", "The specified instance does not exist.");
    }
    if (mine.status != EniStatus::Available) {
        wrong_state(eni_id, mine.status);
    }
    const std::string status = instance_status(instance);
    if (status != "Running" && status != "Stopped") {
        refuse_call(400, "InvalidOperation.InvalidEcsState", "The instance is " + status + ".");
    }
    const Eni& eni = model_.eni(eni_id);
    if (model_.vswitch(eni.vswitch).zone !=
        model_.vswitch(model_.primary_eni(instance).vswitch).zone) {
        refuse_call(403, "InvalidOperation.AvailabilityZoneMismatch",
                    "The network interface and the instance are in different zones.");
    }
    const auto attached = std::count_if(records_.begin(), records_.end(), [&](const auto& entry) {
        return entry.second.instance == instance;
    });
    const InstanceType& type = type_of(instance);
    if (static_cast<std::size_t>(attached) >= type.enis) {
        refuse_call(403, "EniPerInstanceLimitExceeded",
                    "The instance has as many network interfaces as its type allows.");
    }
    if (slots_of(eni, Family::V4) > type.ipv4) {
        refuse_call(403, "InvalidOperation.Ipv4CountExceeded",
                    "Too many IPv4 addresses for the instance type.");
    }
    if (slots_of(eni, Family::V6) > type.ipv6) {
        refuse_call(403, "InvalidOperation.Ipv6CountExceeded",
                    "Too many IPv6 addresses for the instance type.");
    }
    record(eni_id).instance = instance;
    begin(eni_id, EniStatus::Attaching, settings_.attach, now);
}

void EniBook::detach(const std::string& eni_id, const std::string& instance, WallTime now) {
    const EniRecord& mine = record(eni_id);
    if (!model_.instances().contains(instance)) {
        refuse_call(404, "InvalidEcsId.NotFound", "The specified instance does not exist.");
    }
    const auto& attachment = model_.eni(eni_id).attachment;
    if (attachment && attachment->primary()) {
        refuse_call(400, "InvalidOperation.DetachPrimaryEniNotAllowed",
                    "The primary network interface cannot be detached.");
    }
    if (mine.status == EniStatus::Detaching && mine.instance == instance) {
        return;
    }
    if (mine.status != EniStatus::InUse || mine.instance != instance) {
        wrong_state(eni_id, mine.status);
    }
    begin(eni_id, EniStatus::Detaching, settings_.detach, now);
}

void EniBook::remove(const std::string& eni_id, WallTime now) {
    const EniRecord& mine = record(eni_id);
    if (mine.status == EniStatus::Deleting) {
        return;
    }
    if (mine.status != EniStatus::Available) {
        wrong_state(eni_id, mine.status);
    }
    begin(eni_id, EniStatus::Deleting, settings_.remove, now);
}

Given EniBook::assign(const std::string& eni_id, Family family, const Wish& wish, WallTime now) {
    const EniRecord& mine = record(eni_id);
    if (mine.status != EniStatus::Available && mine.status != EniStatus::InUse) {
        wrong_state(eni_id, mine.status);
    }
    const Eni& eni = model_.eni(eni_id);
    check_slots(eni, mine, family, wish.slots());
    if (family == Family::V4) {
        check_groups(mine.security_groups, wish.slots());
    }
    const Given given = choose(eni.vswitch, family, wish);
    model_.assign_addresses(eni_id, given.addresses);
    model_.assign_prefixes(eni_id, given.prefixes);
    touch(eni_id, now);
    return given;
}

void EniBook::unassign(const std::string& eni_id, const Given& what, WallTime now) {
    const EniRecord& mine = record(eni_id);
    if (mine.status != EniStatus::Available && mine.status != EniStatus::InUse) {
        wrong_state(eni_id, mine.status);
    }
    const Eni& eni = model_.eni(eni_id);
    for (const auto& address : what.addresses) {
        const auto& of = address.is_v4() ? eni.secondary : eni.ipv6;
        if (std::find(of.begin(), of.end(), address) == of.end()) {
            refuse_call(403, "InvalidIp.IpUnassigned",
                        address.text() + " is not assigned to the network interface.");
        }
    }
    for (const auto& prefix : what.prefixes) {
        if (std::find(eni.prefixes.begin(), eni.prefixes.end(), prefix) == eni.prefixes.end()) {
            refuse_call(403, "InvalidIp.IpUnassigned",
                        prefix.text() + " is not assigned to the network interface.");
        }
    }
    model_.unassign_addresses(eni_id, what.addresses);
    model_.unassign_prefixes(eni_id, what.prefixes);
    touch(eni_id, now);
}

void EniBook::modify(const std::string& eni_id, const std::optional<std::string>& name,
                     const std::optional<std::string>& description,
                     const std::vector<std::string>& groups, const std::optional<bool>& check,
                     const std::map<std::string, std::string>& tags, WallTime now) {
    EniRecord& mine = record(eni_id);
    if (!groups.empty()) {
        check_groups(groups, slots_of(model_.eni(eni_id), Family::V4));
        mine.security_groups = groups;
    }
    mine.name = name.value_or(mine.name);
    mine.description = description.value_or(mine.description);
    for (const auto& [key, value] : tags) {
        mine.tags.insert_or_assign(key, value);
    }
    if (check) {
        model_.set_source_dest_check(eni_id, *check);
    }
    touch(eni_id, now);
}

void EniBook::check_slots(const Eni& eni, const EniRecord& mine, Family family,
                          std::size_t fresh) const {
    const std::size_t wanted = slots_of(eni, family) + fresh;
    const bool v4 = family == Family::V4;
    if (mine.status == EniStatus::Available) {
        if (wanted > (v4 ? kUnattachedIpv4 : kUnattachedIpv6)) {
            refuse_call(403, v4 ? "MaxEniPrivateIpsCountExceeded" : "MaxEniIpv6IpsCountExceeded",
                        "Too many addresses for a network interface that is not attached.");
        }
        return;
    }
    const InstanceType& type = type_of(mine.instance);
    if (wanted > (v4 ? type.ipv4 : type.ipv6)) {
        refuse_call(
            403, v4 ? "InvalidOperation.Ipv4CountExceeded" : "InvalidOperation.Ipv6CountExceeded",
            "Too many addresses for the instance type.");
    }
}

void EniBook::check_groups(const std::vector<std::string>& groups, std::size_t fresh) const {
    for (const auto& group : groups) {
        if (!group.starts_with("sg-")) {
            refuse_call(404, "InvalidSecurityGroupId.NotFound",
                        "The specified security group does not exist.");
        }
        std::size_t used = fresh;
        for (const auto& [id, other] : records_) {
            used += shares_group(other, group) ? slots_of(model_.eni(id), Family::V4) : 0;
        }
        if (used > settings_.security_group_quota) {
            refuse_call(
                403, "SecurityGroupInstanceLimitExceed",
                "The maximum number of IP addresses in security group " + group + " is exceeded.");
        }
    }
}

void EniBook::check_named(const std::string& vswitch, Family family, const Wish& wish) const {
    const VSwitch& of = model_.vswitch(vswitch);
    std::vector<IpAddress> seen;
    for (const auto& address : wish.addresses) {
        if (address.family() != family || !of.prefix(family)->contains(address) ||
            of.reserves(address)) {
            refuse_call(403, "InvalidVSwitchId.IpInvalid",
                        address.text() + " is not usable in the VSwitch.");
        }
        if (std::find(seen.begin(), seen.end(), address) != seen.end()) {
            refuse_call(403, "InvalidIp.IpRepeated", address.text() + " is named twice.");
        }
        if (model_.owner(address) != nullptr || (family == Family::V4 && available(vswitch) == 0)) {
            refuse_call(403, "InvalidIp.IpAssigned", address.text() + " is in use.");
        }
        seen.push_back(address);
    }
    for (const auto& prefix : wish.prefixes) {
        if (prefix.family() != family || prefix.length() != delegated_length(family) ||
            prefix != prefix.network() || !model_.is_free(vswitch, prefix)) {
            refuse_call(403, "InvalidIp.IpAssigned", prefix.text() + " is not free.");
        }
    }
}

Given EniBook::choose(const std::string& vswitch, Family family, const Wish& wish) const {
    constexpr std::size_t kDelegated = 16;
    if (wish.slots() == 0) {
        return {};
    }
    if (model_.vswitch(vswitch).prefix(family) == nullptr) {
        refuse_call(403, "InvalidVSwitch.Ipv6NotTurnOn", "IPv6 is not turned on in the VSwitch.");
    }
    check_named(vswitch, family, wish);
    const std::size_t wanted = wish.addresses.size() + wish.address_count +
                               kDelegated * (wish.prefixes.size() + wish.prefix_count);
    try {
        if (family == Family::V4 && wanted > available(vswitch)) {
            throw Error(Status::Invalid, "short of addresses");
        }
        Given given{wish.addresses, wish.prefixes};
        const auto prefixes = model_.free_prefixes(vswitch, family, wish.prefix_count);
        given.prefixes.insert(given.prefixes.end(), prefixes.begin(), prefixes.end());
        const auto candidates = model_.free_addresses(
            vswitch, family,
            wish.address_count == 0
                ? 0
                : wish.address_count + wish.addresses.size() + kDelegated * given.prefixes.size());
        for (const auto& candidate : candidates) {
            const bool named = std::find(wish.addresses.begin(), wish.addresses.end(), candidate) !=
                               wish.addresses.end();
            const bool covered =
                std::any_of(given.prefixes.begin(), given.prefixes.end(),
                            [&](const Prefix& p) { return p.contains(candidate); });
            if (!named && !covered &&
                given.addresses.size() < wish.addresses.size() + wish.address_count) {
                given.addresses.push_back(candidate);
            }
        }
        return given;
    } catch (const Error&) {
        refuse_call(403, "InvalidVSwitchId.IpNotEnough",
                    "The specified VSwitch \"" + vswitch + "\" has not enough IpAddress.");
    }
}

const InstanceType& EniBook::type_of(const std::string& instance) const {
    const auto& name = model_.instance(instance).type;
    const auto found = types_.find(name);
    if (found == types_.end()) {
        throw Error(Status::Invalid, "instance " + instance + ": type " + name +
                                         " is not in the table of instance types");
    }
    return found->second;
}

}  // namespace terway::sim
