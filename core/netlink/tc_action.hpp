// What a filter of tc does with a packet. The actions of a filter follow one upon the other.
#pragma once

#include <cstdint>
#include <string>
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
        SetPriority,      // is of that priority, and goes on to the next filter (skbedit); the last
    };
    Kind kind = Kind::Other;
    std::uint32_t ifindex = 0;  // the other link; 0 when it is gone: packets are dropped

    std::uint32_t priority = 0;
    std::string tag{};  // whose it is: up to 16 bytes that mean nothing to the kernel

    bool operator==(const Action&) const = default;
};

// The attribute of a filter that lists its actions.
void put_actions(Message& message, int attribute, const std::vector<Action>& actions);
[[nodiscard]] std::vector<Action> actions_of(nlattr* nest);

}  // namespace terway::netlink
