// Names derived from what an endpoint is. Pure.
#pragma once

#include <string>
#include <vector>

#include "endpoint/record.hpp"
#include "profile/profile.hpp"

namespace terway::endpoint {

// "cali" and the first 11 hex digits of a SHA-1: of "<container id>/<ifname>", or, in Felix's form,
// of "<namespace>.<pod><ifname>" where eth0 counts as empty. Felix's form falls back to the other
// for a sandbox that belongs to no pod.
[[nodiscard]] std::string host_ifname(profile::HostNames form, const EndpointSpec& spec);

// "<namespace>/<pod>" if one of the patterns matches it as a file name pattern does (glob(7)), and
// it is the pod's eth0; otherwise empty.
[[nodiscard]] std::string sticky_name(const std::vector<std::string>& patterns,
                                      const EndpointSpec& spec);

}  // namespace terway::endpoint
