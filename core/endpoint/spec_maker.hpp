// What an endpoint is to be, from what the runtime, the profile, the pool and the pod's object say.
#pragma once

#include "cni/request.hpp"
#include "endpoint/qos_wish.hpp"
#include "endpoint/record.hpp"
#include "pool/address_pool.hpp"
#include "profile/profile.hpp"

namespace terway::endpoint {

// Without addresses.
[[nodiscard]] EndpointSpec spec_of(const cni::Request& request, const profile::Profile& profile);
void note_lease(EndpointSpec& spec, const pool::Lease& lease);
// The limits of the pod's object count only where the runtime has said none. `read`: what the
// annotations said when the runtime read them, if it tells.
void take_wish(EndpointSpec& spec, const QosWish& wish, const Rates& read = {});
// What a running endpoint is to be now that its pod's annotations ask for that. A direction of
// which they say what they said before keeps its limit, for it may be the runtime's own.
[[nodiscard]] EndpointSpec following(EndpointSpec spec, const QosWish& wish);

}  // namespace terway::endpoint
