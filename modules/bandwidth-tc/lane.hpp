// One direction of an endpoint, put in force, compared, taken back; and all of an endpoint from its
// key alone.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "netlink/qdisc.hpp"
#include "netlink/socket.hpp"
#include "plan.hpp"

namespace terway::bandwidth_tc {

// `socket` is that of the lane's place. Idempotent; a lane without a shape is cleared. `make_room`
// as for ensure_detour.
void ensure_lane(netlink::Socket& socket, const Lane& lane, const std::string& endpoint,
                 const std::function<void()>& make_room);
// Throws Error naming the first thing that is missing, differs or should not be.
void check_lane(netlink::Socket& socket, const Lane& lane, const std::string& endpoint);

// How the queue of the lane does; none where it has no limit, or the queue is missing.
[[nodiscard]] std::optional<netlink::Qdisc> observe_lane(netlink::Socket& socket, const Lane& lane,
                                                         const std::string& endpoint);

// What the host has of an endpoint. An ifb that no packet reaches any more goes to `retire`.
void clear_host(netlink::Socket& host, const sdk::EndpointView& endpoint,
                const std::function<void(std::uint32_t)>& retire);
// What its sandbox has.
void clear_pod(netlink::Socket& pod, const sdk::EndpointView& endpoint);

}  // namespace terway::bandwidth_tc
