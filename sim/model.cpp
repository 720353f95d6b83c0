#include "sim/model.hpp"

#include "sim/refusal.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

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

void check_network(const std::string& object, const Prefix& prefix, Family family) {
    if (prefix.family() != family) {
        refuse(object, prefix.text() + " is not " + (family == Family::V4 ? "IPv4" : "IPv6"));
    }
    if (prefix != prefix.network()) {
        refuse(object, prefix.text() + " has host bits set; write " + prefix.network().text());
    }
}

}  // namespace

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
    if (const auto found = owners_.find(address); found != owners_.end()) {
        return &enis_.at(found->second);
    }
    const Prefix* prefix = delegated(address);
    return prefix == nullptr ? nullptr : &enis_.at(prefix_owners_.at(*prefix));
}

const Eni* Model::next_hop(const VpcRoute& route) const {
    if (route.next_hop.kind == NextHop::Kind::Instance) {
        return &primary_eni(route.next_hop.id);
    }
    const Eni& hop = eni(route.next_hop.id);
    return hop.attachment ? &hop : nullptr;
}

void Model::check_no_route_to(NextHop::Kind kind, const std::string& id) const {
    for (const auto& [destination, route] : routes_) {
        if (route.next_hop.kind == kind && route.next_hop.id == id) {
            refuse(id, "is the next hop of the route to " + destination.text() +
                           "; remove the route first");
        }
    }
}

}  // namespace terway::sim
