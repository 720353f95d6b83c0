// Which dataplane serves which address of an ENI. Pure; not thread-safe.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "endpoint/record.hpp"

namespace terway::endpoint {

// Two dataplanes meet on an ENI after a change of the profile, or where rules choose the chain of
// each pod.
class EniOccupants {
public:
    // Whoever has an address may be told of again. An endpoint on no ENI is nobody's.
    void enter(const EndpointRecord& record);
    // Of addresses that have changed hands meanwhile the new endpoint's stay.
    void leave(const EndpointRecord& record);

    // Addresses of the ENI that others than this dataplane serve, in order, as host prefixes.
    [[nodiscard]] std::vector<Prefix> others(const std::string& eni,
                                             const std::string& dataplane) const;

private:
    struct Occupant {
        std::string owner;
        std::string dataplane;
    };
    std::map<std::string, std::map<IpAddress, Occupant>> enis_;  // by id
};

// The id of the module that makes the endpoint's links; empty in a record of nobody.
[[nodiscard]] std::string dataplane_of(const EndpointRecord& record);

}  // namespace terway::endpoint
