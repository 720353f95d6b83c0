// What a filter of tc does with a packet. The actions of a filter follow one upon the other.
#pragma once

#include <cstdint>
#include <vector>

#include "netlink/socket.hpp"

namespace terway::netlink {

struct Action {
    enum class Kind {
        Other,            // somebody else's; only ever read
        ForgetRoute,      // drops the route and tunnel found so far (tunnel_key unset)
        ToHost,           // as if sent to this host's MAC (skbedit ptype host)
        RedirectIngress,  // goes on as if received on another link (mirred); the last one
        RedirectEgress,   // is sent out by another link (mirred); the last one
    };
    Kind kind = Kind::Other;
    std::uint32_t ifindex = 0;  // the other link; 0 when it is gone: packets are dropped

    bool operator==(const Action&) const = default;
};

// The attribute of a filter that lists its actions.
void put_actions(Message& message, int attribute, const std::vector<Action>& actions);
[[nodiscard]] std::vector<Action> actions_of(nlattr* nest);

}  // namespace terway::netlink
