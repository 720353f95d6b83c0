// What the runtime is told of an endpoint. Pure.
#pragma once

#include "cni/request.hpp"
#include "cni/result.hpp"
#include "endpoint/record.hpp"

namespace terway::endpoint {

// The CNI result of an attached endpoint: both interfaces, its addresses, default routes, DNS.
[[nodiscard]] cni::Result result_of(const EndpointRecord& record, const cni::Request& request);

// Throws cni::CniError unless the previous result a CHECK brings still names what we made.
void compare_with_previous(const EndpointRecord& record, const cni::Request& request);

}  // namespace terway::endpoint
