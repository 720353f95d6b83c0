// The clsact of a link, which ours share with each other and with policy: who made it, who removes
// it.
#pragma once

#include <cstdint>
#include <functional>

#include "netlink/qdisc.hpp"
#include "netlink/socket.hpp"
#include "netlink/tc.hpp"

namespace terway::bandwidth_tc {

// As the flow of a filter of ours: its link got the clsact for the sake of such filters.
inline constexpr std::uint32_t kHookedFlow = netlink::class_id(0x5451, 1);
[[nodiscard]] bool says_hooked(const netlink::Filter& filter);

[[nodiscard]] bool has_clsact(netlink::Socket& socket, std::uint32_t link);
// True if the clsact is there, or is about to be, for our sake: a filter on either hook or the root
// qdisc says so, or there is none.
[[nodiscard]] bool is_hooked(netlink::Socket& socket, std::uint32_t link);

// Takes off the filters that are meant, and the clsact if nobody else uses it and it was made for
// our sake, as one of these filters or `hooked` says.
void leave_hook(netlink::Socket& socket, std::uint32_t link,
                const std::function<bool(const netlink::Filter&)>& meant, bool hooked);

}  // namespace terway::bandwidth_tc
