#include <algorithm>
#include <set>

#include "sim/model.hpp"
#include "sim/refusal.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

Mac numbered_mac(std::uint32_t number) {
    return {{0x00, 0x16, 0x3e, static_cast<std::uint8_t>(number >> 16U),
             static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(number)}};
}

}  // namespace

const Eni& Model::create_eni(const EniRequest& request) {
    const Eni eni = build_eni(request);
    insert(eni);
    ++revision_;
    return enis_.at(eni.id);
}

void Model::delete_eni(const std::string& id) {
    if (const auto& attachment = eni(id).attachment) {
        refuse("ENI " + id, "is attached to instance " + attachment->instance);
    }
    check_no_route_to(NextHop::Kind::Eni, id);
    erase(id);
    ++revision_;
}

void Model::attach_eni(const std::string& eni_id, const std::string& instance_id) {
    (void)instance(instance_id);
    if (const auto& attachment = eni(eni_id).attachment) {
        refuse("ENI " + eni_id, "is attached to instance " + attachment->instance + " already");
    }
    std::set<std::uint32_t> taken;
    for (const auto& [id, other] : enis_) {
        if (other.attachment && other.attachment->instance == instance_id) {
            taken.insert(other.attachment->device);
        }
    }
    std::uint32_t device = 1;
    while (taken.contains(device)) {
        ++device;
    }
    enis_.at(eni_id).attachment = Attachment{instance_id, device};
    ++revision_;
}

void Model::detach_eni(const std::string& eni_id) {
    const auto& attachment = eni(eni_id).attachment;
    if (!attachment) {
        refuse("ENI " + eni_id, "is attached to no instance");
    }
    if (attachment->primary()) {
        refuse("ENI " + eni_id,
               "is the primary ENI of instance " + attachment->instance + " and stays with it");
    }
    enis_.at(eni_id).attachment.reset();
    ++revision_;
}

void Model::set_source_dest_check(const std::string& eni_id, bool check) {
    (void)eni(eni_id);
    enis_.at(eni_id).source_dest_check = check;
    ++revision_;
}

void Model::assign_addresses(const std::string& eni_id, const std::vector<IpAddress>& addresses) {
    const Eni& before = eni(eni_id);
    std::set<IpAddress> fresh;
    for (const auto& address : addresses) {
        check_address(before, address);
        if (!fresh.insert(address).second) {
            refuse("ENI " + eni_id, "address " + address.text() + " is named twice");
        }
    }
    Eni& eni = enis_.at(eni_id);
    for (const auto& address : addresses) {
        (address.is_v4() ? eni.secondary : eni.ipv6).push_back(address);
        owners_.emplace(address, eni_id);
    }
    ++revision_;
}

void Model::unassign_addresses(const std::string& eni_id, const std::vector<IpAddress>& addresses) {
    const Eni& before = eni(eni_id);
    for (const auto& address : addresses) {
        const auto owned = owners_.find(address);
        if (owned == owners_.end() || owned->second != eni_id) {
            refuse("ENI " + eni_id, "does not own " + address.text());
        }
        if (address == before.primary) {
            refuse("ENI " + eni_id, address.text() + " is its primary address and stays with it");
        }
    }
    Eni& eni = enis_.at(eni_id);
    for (const auto& address : addresses) {
        std::erase(eni.secondary, address);
        std::erase(eni.ipv6, address);
        owners_.erase(address);
    }
    ++revision_;
}

std::vector<IpAddress> Model::free_addresses(const std::string& vswitch_id, Family family,
                                             std::size_t count) const {
    const VSwitch& of = vswitch(vswitch_id);
    const Prefix* prefix = of.prefix(family);
    if (prefix == nullptr) {
        refuse("vSwitch " + vswitch_id, "has no IPv6 prefix");
    }
    std::vector<IpAddress> free;
    for (IpAddress next = prefix->network().address().plus(1); free.size() < count;
         next = next.plus(1)) {
        if (of.reserves(next)) {
            refuse("vSwitch " + vswitch_id,
                   "fewer than " + std::to_string(count) + " free addresses in " + prefix->text());
        }
        if (const Prefix* taken = delegated(next)) {
            next = taken->last();
            continue;
        }
        if (!owners_.contains(next)) {
            free.push_back(next);
        }
    }
    return free;
}

Eni Model::build_eni(const EniRequest& request) const {
    Eni eni;
    eni.id = request.id.empty() ? free_eni_id() : request.id;
    const std::string object = "ENI " + eni.id;
    if (enis_.contains(eni.id)) {
        refuse(object, "exists already");
    }
    eni.vswitch = with_context(object, [&] { return vswitch(request.vswitch).id; });
    eni.mac = request.mac ? *request.mac : free_mac();
    if (!std::equal(eni.mac.bytes.begin(), eni.mac.bytes.begin() + 3,
                    numbered_mac(0).bytes.begin())) {
        refuse(object, "MAC address " + eni.mac.text() + " does not begin with 00:16:3e");
    }
    for (const auto& [id, other] : enis_) {
        if (other.mac == eni.mac) {
            refuse(object, "MAC address " + eni.mac.text() + " belongs to ENI " + id);
        }
    }
    eni.primary =
        request.primary ? *request.primary : free_addresses(request.vswitch, Family::V4, 1).front();
    eni.secondary = request.secondary;
    eni.ipv6 = request.ipv6;
    eni.source_dest_check = request.source_dest_check;
    std::set<IpAddress> seen;
    for (const auto& address : eni.addresses()) {
        check_address(eni, address);
        if (!seen.insert(address).second) {
            refuse(object, "address " + address.text() + " is named twice");
        }
    }
    const auto is_v4 = [](const IpAddress& address) { return address.is_v4(); };
    if (!eni.primary.is_v4() || !std::all_of(eni.secondary.begin(), eni.secondary.end(), is_v4)) {
        refuse(object, "primary and secondary addresses must be IPv4");
    }
    if (std::any_of(eni.ipv6.begin(), eni.ipv6.end(), is_v4)) {
        refuse(object, "an IPv4 address is among its IPv6 addresses");
    }
    eni.prefixes = request.prefixes;
    check_prefixes(eni, eni.prefixes);
    for (const auto& prefix : eni.prefixes) {
        for (const auto& address : eni.addresses()) {
            if (prefix.contains(address)) {
                refuse(object, "prefix " + prefix.text() + " contains its " + address.text());
            }
        }
    }
    return eni;
}

std::string Model::free_eni_id() const {
    for (std::size_t number = enis_.size() + 1;; ++number) {
        std::string id = "eni-" + std::to_string(number);
        if (!enis_.contains(id)) {
            return id;
        }
    }
}

Mac Model::free_mac() const {
    std::set<Mac> taken;
    for (const auto& [id, eni] : enis_) {
        taken.insert(eni.mac);
    }
    std::uint32_t number = 1;
    while (taken.contains(numbered_mac(number))) {
        ++number;
    }
    return numbered_mac(number);
}

void Model::check_address(const Eni& eni, const IpAddress& address) const {
    const std::string object = "ENI " + eni.id + ": address " + address.text();
    const VSwitch& of = vswitch(eni.vswitch);
    const Prefix* prefix = of.prefix(address.family());
    if (prefix == nullptr || !prefix->contains(address)) {
        refuse(object, "is not in vSwitch " + of.id);
    }
    if (of.reserves(address)) {
        refuse(object, "is reserved in vSwitch " + of.id);
    }
    if (const Eni* taken = owner(address)) {
        refuse(object, "belongs to ENI " + taken->id);
    }
}

void Model::insert(const Eni& eni) {
    for (const auto& address : eni.addresses()) {
        owners_.emplace(address, eni.id);
    }
    for (const auto& prefix : eni.prefixes) {
        prefix_owners_.emplace(prefix, eni.id);
    }
    enis_.emplace(eni.id, eni);
}

void Model::erase(const std::string& id) {
    for (const auto& address : enis_.at(id).addresses()) {
        owners_.erase(address);
    }
    for (const auto& prefix : enis_.at(id).prefixes) {
        prefix_owners_.erase(prefix);
    }
    enis_.erase(id);
}

}  // namespace terway::sim
