// The dataplane the tool itself provides under a QoS or policy module: a routed veth, nothing more.
#pragma once

#include "world.hpp"

namespace terway::conformance {

// Both ends down, as after twy_dataplane.attach.
[[nodiscard]] twy_attachment attach_plain_veth(World& world, Pod& pod);
// Both ends up and routed, as after twy_dataplane.activate.
void activate_plain_veth(World& world, Pod& pod);

}  // namespace terway::conformance
