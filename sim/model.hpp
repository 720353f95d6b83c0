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
#include "sim/objects.hpp"

namespace terway::sim {

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

    // Address prefixes, /28 and /80, mixed as you like.
    void assign_prefixes(const std::string& eni, const std::vector<Prefix>& prefixes);
    void unassign_prefixes(const std::string& eni, const std::vector<Prefix>& prefixes);
    // The lowest ones of which nothing is reserved or owned. Assigns nothing.
    [[nodiscard]] std::vector<Prefix> free_prefixes(const std::string& vswitch, Family family,
                                                    std::size_t count) const;
    // Whether nothing of it is reserved or owned.
    [[nodiscard]] bool is_free(const std::string& vswitch, const Prefix& prefix) const;
    // How many IPv4 addresses of the vSwitch nobody owns.
    [[nodiscard]] std::size_t count_free(const std::string& vswitch) const;

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
    // Null if nobody owns the address, by itself or in a prefix.
    [[nodiscard]] const Eni* owner(const IpAddress& address) const;
    // The ENI a route delivers to; null while a next hop ENI is attached to no instance.
    [[nodiscard]] const Eni* next_hop(const VpcRoute& route) const;

private:
    [[nodiscard]] Eni build_eni(const EniRequest& request) const;
    [[nodiscard]] std::string free_eni_id() const;
    [[nodiscard]] Mac free_mac() const;
    void check_address(const Eni& eni, const IpAddress& address) const;
    void check_prefixes(const Eni& eni, const std::vector<Prefix>& prefixes) const;
    [[nodiscard]] const Prefix* delegated(const IpAddress& address) const;
    void check_no_route_to(NextHop::Kind kind, const std::string& id) const;
    void insert(const Eni& eni);
    void erase(const std::string& id);

    Vpc vpc_;
    std::map<std::string, VSwitch> vswitches_;
    std::map<std::string, Instance> instances_;
    std::map<std::string, Eni> enis_;
    std::map<IpAddress, std::string> owners_;      // address -> ENI
    std::map<Prefix, std::string> prefix_owners_;  // -> ENI
    std::map<Prefix, VpcRoute> routes_;
    std::uint64_t revision_ = 0;
};

}  // namespace terway::sim
