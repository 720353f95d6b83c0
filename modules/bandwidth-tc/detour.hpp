// The way of packets through an ifb: the ifb itself, and the filters that lead to it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "netlink/link.hpp"
#include "netlink/socket.hpp"
#include "plan.hpp"

namespace terway::bandwidth_tc {

// The ifb of that name if it is one of ours, none if it is another's: a link of another kind, one
// that is retired, or that of a newer sandbox of the same pod.
[[nodiscard]] std::optional<netlink::Link> find_ifb(netlink::Socket& socket,
                                                    const std::string& name,
                                                    const std::string& endpoint);

// Idempotent. Packets take the detour once all is in place. `make_room` is called when a retired
// link has the name.
void ensure_detour(netlink::Socket& socket, const Lane& lane, const std::string& endpoint,
                   const std::function<void()>& make_room);
// Throws Error naming the first thing that is missing or differs.
void check_detour(netlink::Socket& socket, const Lane& lane, const std::string& endpoint);
// Takes the filters of one link off that lead to one of the ifbs or nowhere, and the clsact if it
// was made for their sake and nobody else uses it.
void leave_detour(netlink::Socket& socket, std::uint32_t link,
                  const std::vector<netlink::Link>& ifbs);

}  // namespace terway::bandwidth_tc
