// The queue of one link that keeps to a shape of mode "edt": a filter on the link's egress hook
// whose program gives packets their time of departure, and fq, which keeps them until then. As in
// shaper.hpp, which chooses between the two.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "netlink/qdisc.hpp"
#include "netlink/socket.hpp"
#include "shape.hpp"

namespace terway::bandwidth_tc {

void ensure_edt(netlink::Socket& socket, const Shape& shape, std::uint32_t ifindex);
void check_edt(netlink::Socket& socket, const Shape& shape, std::uint32_t ifindex,
               const std::string& link);
// The filter, and the clsact if it was made for its sake and nobody else uses it. The root qdisc,
// which says so, is to be removed or replaced after it.
void leave_edt(netlink::Socket& socket, std::uint32_t ifindex);
// True if there is anything for leave_edt.
[[nodiscard]] bool has_edt(netlink::Socket& socket, std::uint32_t ifindex);

// What the program has counted, and of what it let pass the losses of fq.
[[nodiscard]] netlink::Counters edt_counters(netlink::Socket& socket, const netlink::Qdisc& root);

}  // namespace terway::bandwidth_tc
