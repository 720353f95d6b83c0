// The C structs of one endpoint, made from the daemon's own types.
#pragma once

#include <vector>

#include "endpoint/record.hpp"
#include "terway/abi.h"

namespace terway::endpoint {

// Borrows the spec; valid as long as that and this live.
class AbiEndpoint {
public:
    // `netns_fd` is -1 when the sandbox is gone or out of reach.
    AbiEndpoint(const EndpointSpec& spec, int netns_fd);
    AbiEndpoint(const AbiEndpoint&) = delete;
    AbiEndpoint& operator=(const AbiEndpoint&) = delete;

    // As seen by the module whose state this is; borrows `state`.
    [[nodiscard]] const twy_endpoint& with_state(const std::string& state);

private:
    std::vector<twy_prefix> addresses_;
    std::vector<twy_prefix> gateways_;
    std::vector<twy_prefix> subnets_;
    twy_endpoint raw_;
};

[[nodiscard]] std::vector<twy_prefix> to_abi(const std::vector<Prefix>& prefixes);
[[nodiscard]] twy_attachment to_abi(const Attachment& attachment);
// Throws Error(Internal) for what no correct module returns.
[[nodiscard]] Attachment from_abi(const twy_attachment& raw);

}  // namespace terway::endpoint
