// Who has which address according to whom: the records, the kernel, the pool and the cloud. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cloud/eni.hpp"
#include "endpoint/record.hpp"
#include "pool/address_pool.hpp"

namespace terway::daemon {

struct MappingRow {
    std::string pod;       // "namespace/name", or the endpoint's short key; empty if there is none
    std::string endpoint;  // short key; empty if no record has the address
    IpAddress address;
    std::string eni;
    std::string pool;  // the state the pool keeps it in; "-" if it does not know it
    // "ok", "-" if it was not asked or does not concern it, or what is wrong.
    std::string kernel;
    std::string cloud;

    [[nodiscard]] bool ok() const;
};

struct MappingFacts {
    std::vector<endpoint::EndpointRecord> records;
    // What comparing an endpoint with the kernel found; empty text: nothing. By key.
    std::map<endpoint::EndpointKey, std::string> kernel;
    pool::PoolPicture pool;
    // What the cloud says of the node's ENIs; absent if it could not be asked.
    std::optional<std::vector<cloud::Eni>> cloud;
};

// A row for each address of an endpoint, then those in the pool and at the cloud that no endpoint
// has, if something about them is wrong.
[[nodiscard]] std::vector<MappingRow> mapping_of(const MappingFacts& facts);

}  // namespace terway::daemon
