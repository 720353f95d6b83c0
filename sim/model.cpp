#include "sim/model.hpp"

#include <algorithm>
#include <set>

#include "terway/error.hpp"

namespace terway::sim {
namespace {

[[noreturn]] void refuse(const std::string& object, const std::string& reason) {
    throw Error(Status::Invalid, object + ": " + reason);
}

template <class Map>
const typename Map::mapped_type& find(const Map& map, const std::string& kind,
                                      const std::string& id) {
    const auto found = map.find(id);
    if (found == map.end()) {
        throw Error(Status::Gone, kind + " " + id + ": does not exist");
    }
    return found->second;
}

bool inside(const Prefix& inner, const Prefix& outer) {
    return inner.length() >= outer.length() && outer.contains(inner.address());
}

IpAddress minus(const IpAddress& address, std::uint64_t count) {
    return address.plus(~count + 1);
}

Mac numbered_mac(std::uint32_t number) {
    return {{0x00, 0x16, 0x3e, static_cast<std::uint8_t>(number >> 16U),
             static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(number)}};
}

void check_network(const std::string& object, const Prefix& prefix, Family family) {
    if (prefix.family() != family) {
        refuse(object, prefix.text() + " is not " + (family == Family::V4 ? "IPv4" : "IPv6"));
    }
    if (prefix != prefix.network()) {
        refuse(object, prefix.text() + " has host bits set; write " + prefix.network().text());
    }
}

}  // namespace

const Prefix* VSwitch::prefix(Family family) const {
    if (family == Family::V4) {
        return &cidr;
    }
    return cidr6 ? &*cidr6 : nullptr;
}

std::optional<IpAddress> VSwitch::gateway(Family family) const {
    const Prefix* of = prefix(family);
    return of == nullptr ? std::nullopt : std::optional(minus(of->last(), 2));
}

bool VSwitch::reserves(const IpAddress& address) const {
    const Prefix* of = prefix(address.family());
    if (of == nullptr || !of->contains(address)) {
        return false;
    }
    const std::uint64_t tail = address.is_v4() ? 3 : 9;
    return address == of->network().address() || address > minus(of->last(), tail);
}

std::vector<IpAddress> Eni::addresses() const {
    std::vector<IpAddress> all{primary};
    all.insert(all.end(), secondary.begin(), secondary.end());
    all.insert(all.end(), ipv6.begin(), ipv6.end());
    return all;
}

Model::Model(const Vpc& vpc) : vpc_(vpc) {
    check_network("vpc", vpc.cidr, Family::V4);
    if (vpc.cidr6) {
        check_network("vpc", *vpc.cidr6, Family::V6);
    }
}

void Model::add_vswitch(const VSwitch& vswitch) {
    const std::string object = "vSwitch " + vswitch.id;
    if (vswitch.id.empty() || vswitches_.contains(vswitch.id)) {
        refuse(object, vswitch.id.empty() ? "needs an id" : "exists already");
    }
    check_network(object, vswitch.cidr, Family::V4);
    if (vswitch.cidr.length() < 16 || vswitch.cidr.length() > 29) {
        refuse(object, vswitch.cidr.text() + ": the prefix length must be 16 to 29");
    }
    if (!inside(vswitch.cidr, vpc_.cidr)) {
        refuse(object, vswitch.cidr.text() + " is not inside the VPC's " + vpc_.cidr.text());
    }
    if (vswitch.cidr6) {
        check_network(object, *vswitch.cidr6, Family::V6);
        if (vswitch.cidr6->length() != 64 || !vpc_.cidr6 || !inside(*vswitch.cidr6, *vpc_.cidr6)) {
            refuse(object, vswitch.cidr6->text() + " is not a /64 inside the VPC's IPv6 prefix");
        }
    }
    for (const auto family : {Family::V4, Family::V6}) {
        const Prefix* mine = vswitch.prefix(family);
        if (mine == nullptr) {
            continue;
        }
        for (const auto& [id, other] : vswitches_) {
            const Prefix* theirs = other.prefix(family);
            if (theirs != nullptr && mine->overlaps(*theirs)) {
                refuse(object, mine->text() + " overlaps vSwitch " + id);
            }
        }
        for (const auto& [destination, route] : routes_) {
            if (inside(destination, *mine)) {
                refuse(object, mine->text() + " covers the route to " + destination.text());
            }
        }
    }
    vswitches_.emplace(vswitch.id, vswitch);
    ++revision_;
}

void Model::add_instance(const Instance& instance, const EniRequest& primary) {
    const std::string object = "instance " + instance.id;
    if (instance.id.empty() || instance.name.empty()) {
        refuse(object, "needs an id and a name");
    }
    for (const auto& [id, other] : instances_) {
        if (id == instance.id || other.name == instance.name) {
            refuse(object, "id or name " + instance.name + " is taken by instance " + id);
        }
    }
    if (instance.mtu < 1280 || instance.mtu > 8500) {
        refuse(object, "MTU " + std::to_string(instance.mtu) + " is not within 1280 and 8500");
    }
    Eni eni = with_context(object, [&] { return build_eni(primary); });
    eni.attachment = Attachment{instance.id, 0};
    insert(eni);
    instances_.emplace(instance.id, instance);
    ++revision_;
}

void Model::remove_instance(const std::string& id) {
    (void)instance(id);
    check_no_route_to(NextHop::Kind::Instance, id);
    const std::string primary = primary_eni(id).id;
    check_no_route_to(NextHop::Kind::Eni, primary);
    erase(primary);
    for (auto& [eni_id, eni] : enis_) {
        if (eni.attachment && eni.attachment->instance == id) {
            eni.attachment.reset();
        }
    }
    instances_.erase(id);
    ++revision_;
}

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
        if (!owners_.contains(next)) {
            free.push_back(next);
        }
    }
    return free;
}

void Model::add_route(const VpcRoute& route) {
    const std::string object = "route to " + route.destination.text();
    check_network(object, route.destination, route.destination.family());
    if (routes_.contains(route.destination)) {
        refuse(object, "exists already");
    }
    for (const auto& [id, vswitch] : vswitches_) {
        const Prefix* prefix = vswitch.prefix(route.destination.family());
        if (prefix != nullptr && inside(route.destination, *prefix)) {
            refuse(object, "lies inside vSwitch " + id + " (" + prefix->text() +
                               "), which is always delivered locally");
        }
    }
    with_context(object, [&] {
        if (route.next_hop.kind == NextHop::Kind::Instance) {
            (void)instance(route.next_hop.id);
        } else {
            (void)eni(route.next_hop.id);
        }
    });
    routes_.emplace(route.destination, route);
    ++revision_;
}

void Model::remove_route(const Prefix& destination) {
    if (routes_.erase(destination) == 0) {
        throw Error(Status::Gone, "route to " + destination.text() + ": does not exist");
    }
    ++revision_;
}

const VSwitch& Model::vswitch(const std::string& id) const {
    return find(vswitches_, "vSwitch", id);
}

const Instance& Model::instance(const std::string& id) const {
    return find(instances_, "instance", id);
}

const Eni& Model::eni(const std::string& id) const {
    return find(enis_, "ENI", id);
}

const Eni& Model::primary_eni(const std::string& instance_id) const {
    for (const auto& [id, eni] : enis_) {
        if (eni.attachment && eni.attachment->primary() &&
            eni.attachment->instance == instance_id) {
            return eni;
        }
    }
    throw Error(Status::Gone, "instance " + instance_id + ": does not exist");
}

const Eni* Model::owner(const IpAddress& address) const {
    const auto found = owners_.find(address);
    return found == owners_.end() ? nullptr : &enis_.at(found->second);
}

const Eni* Model::next_hop(const VpcRoute& route) const {
    if (route.next_hop.kind == NextHop::Kind::Instance) {
        return &primary_eni(route.next_hop.id);
    }
    const Eni& hop = eni(route.next_hop.id);
    return hop.attachment ? &hop : nullptr;
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
    return eni;
}

std::string Model::free_eni_id() const {
    for (std::size_t number = enis_.size() + 1;; ++number) {
        const std::string id = "eni-" + std::to_string(number);
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

void Model::check_no_route_to(NextHop::Kind kind, const std::string& id) const {
    for (const auto& [destination, route] : routes_) {
        if (route.next_hop.kind == kind && route.next_hop.id == id) {
            refuse(id, "is the next hop of the route to " + destination.text() +
                           "; remove the route first");
        }
    }
}

void Model::insert(const Eni& eni) {
    for (const auto& address : eni.addresses()) {
        owners_.emplace(address, eni.id);
    }
    enis_.emplace(eni.id, eni);
}

void Model::erase(const std::string& id) {
    for (const auto& address : enis_.at(id).addresses()) {
        owners_.erase(address);
    }
    enis_.erase(id);
}

}  // namespace terway::sim
