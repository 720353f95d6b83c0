// A VPC as plain data with rules: vSwitches, instances, ENIs, addresses, routes.
//
// Pure: no kernel, no clock, no randomness; the same calls give the same ids, addresses and MACs.
// Ownership: the model owns everything; references handed out live until the object is removed.
// Threads: none of its own; one thread at a time, or const use by many.
// Errors: an operation is accepted whole or throws Error and changes nothing; Error(Gone) if an
// object it names does not exist, Error(Invalid) if a rule forbids it. Every accepted operation
// raises the revision.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/address.hpp"

namespace terway::sim {

struct Vpc {
    Prefix cidr;
    std::optional<Prefix> cidr6;
    // Whether the fabric answers ARP and neighbour solicitations for addresses nobody owns.
    bool answer_unallocated = true;
    // A route makes its next hop a legal sender and receiver of the destination, whatever its
    // source/destination check. If false, a next hop with the check on gets nothing routed.
    bool routes_imply_forwarding = true;
    // A NAT gateway (IPv4) and an IPv6 gateway lead to a host outside.
    bool internet = true;
};

struct VSwitch {
    std::string id;
    Prefix cidr;
    std::optional<Prefix> cidr6;

    // Of the family, or null if the vSwitch has none.
    [[nodiscard]] const Prefix* prefix(Family family) const;
    // The third last address, .253 in a /24; null if the vSwitch lacks the family.
    [[nodiscard]] std::optional<IpAddress> gateway(Family family) const;
    // IPv4: the network address and the last three. IPv6: the first and the last nine.
    [[nodiscard]] bool reserves(const IpAddress& address) const;
};

struct Instance {
    std::string id;
    std::string name;
    std::uint32_t mtu = 1500;
};

struct Attachment {
    std::string instance;
    std::uint32_t device = 0;  // 0 is the primary ENI's; the guest calls the NIC eth<device>

    [[nodiscard]] bool primary() const noexcept { return device == 0; }
};

struct Eni {
    std::string id;
    Mac mac;
    std::string vswitch;
    IpAddress primary;                 // IPv4
    std::vector<IpAddress> secondary;  // IPv4
    std::vector<IpAddress> ipv6;
    bool source_dest_check = true;
    std::optional<Attachment> attachment;

    // Primary first, then secondary, then IPv6.
    [[nodiscard]] std::vector<IpAddress> addresses() const;
};

// What to create; empty members are chosen by the model.
struct EniRequest {
    std::string id;
    std::string vswitch;
    std::optional<Mac> mac;  // 00:16:3e:...
    std::optional<IpAddress> primary;
    std::vector<IpAddress> secondary;  // IPv4 beside the primary
    std::vector<IpAddress> ipv6;
    bool source_dest_check = true;
};

struct NextHop {
    enum class Kind : std::uint8_t { Instance, Eni };
    Kind kind = Kind::Instance;  // an instance stands for its primary ENI
    std::string id;
};

struct VpcRoute {
    Prefix destination;
    NextHop next_hop;
};

class Model {
public:
    explicit Model(const Vpc& vpc);

    void add_vswitch(const VSwitch& vswitch);
    // Every instance is born with a primary ENI; its addresses follow `primary`.
    void add_instance(const Instance& instance, const EniRequest& primary);
    // Its primary ENI goes with it, the others are detached.
    void remove_instance(const std::string& id);

    const Eni& create_eni(const EniRequest& request);
    void delete_eni(const std::string& id);
    // Takes the lowest free device number of the instance, 1 or higher.
    void attach_eni(const std::string& eni, const std::string& instance);
    void detach_eni(const std::string& eni);
    void set_source_dest_check(const std::string& eni, bool check);

    // Secondary IPv4 and IPv6 addresses, mixed as you like.
    void assign_addresses(const std::string& eni, const std::vector<IpAddress>& addresses);
    void unassign_addresses(const std::string& eni, const std::vector<IpAddress>& addresses);
    // The lowest addresses of the vSwitch that are neither reserved nor owned. Assigns nothing.
    [[nodiscard]] std::vector<IpAddress> free_addresses(const std::string& vswitch, Family family,
                                                        std::size_t count) const;

    void add_route(const VpcRoute& route);
    void remove_route(const Prefix& destination);

    [[nodiscard]] std::uint64_t revision() const noexcept { return revision_; }
    [[nodiscard]] const Vpc& vpc() const noexcept { return vpc_; }
    [[nodiscard]] const std::map<std::string, VSwitch>& vswitches() const { return vswitches_; }
    [[nodiscard]] const std::map<std::string, Instance>& instances() const { return instances_; }
    [[nodiscard]] const std::map<std::string, Eni>& enis() const { return enis_; }
    [[nodiscard]] const std::map<Prefix, VpcRoute>& routes() const { return routes_; }

    [[nodiscard]] const VSwitch& vswitch(const std::string& id) const;
    [[nodiscard]] const Instance& instance(const std::string& id) const;
    [[nodiscard]] const Eni& eni(const std::string& id) const;
    [[nodiscard]] const Eni& primary_eni(const std::string& instance) const;
    // Null if nobody owns the address.
    [[nodiscard]] const Eni* owner(const IpAddress& address) const;
    // The ENI a route delivers to; null while a next hop ENI is attached to no instance.
    [[nodiscard]] const Eni* next_hop(const VpcRoute& route) const;

private:
    [[nodiscard]] Eni build_eni(const EniRequest& request) const;
    [[nodiscard]] std::string free_eni_id() const;
    [[nodiscard]] Mac free_mac() const;
    void check_address(const Eni& eni, const IpAddress& address) const;
    void check_no_route_to(NextHop::Kind kind, const std::string& id) const;
    void insert(const Eni& eni);
    void erase(const std::string& id);

    Vpc vpc_;
    std::map<std::string, VSwitch> vswitches_;
    std::map<std::string, Instance> instances_;
    std::map<std::string, Eni> enis_;
    std::map<IpAddress, std::string> owners_;  // address -> ENI
    std::map<Prefix, VpcRoute> routes_;
    std::uint64_t revision_ = 0;
};

}  // namespace terway::sim
