// The least that giving a pod a whole NIC takes: the requests that the dataplane eni-exclusive
// makes of the kernel, one after the other, and nothing else: no process, no state, no address
// management, no source guard.
#pragma once

#include <cstdint>
#include <string>

#include "base/address.hpp"

namespace terway::bench {

// A NIC that waits, down and bare, in the calling thread's network namespace.
struct SpareNic {
    std::string name;
    std::uint32_t index = 0;
    IpAddress address;  // of the pod, once it has the NIC
    IpAddress gateway;
    IpAddress node;
    std::string peer;  // the name of the host end of the pod's link to the node
};

// Moves the NIC into the namespace as eth0, with address and routes, and a veth pair to the node
// beside it; both running when it returns. Throws Error.
void lend(const SpareNic& nic, int pod_netns);
// Back under its name, down and bare, the pair gone; its index may be another.
void bring_home(SpareNic& nic, int pod_netns);

}  // namespace terway::bench
