// The client side of one CNI call: hand it to the daemon, or cope without one.
#pragma once

#include "base/time.hpp"
#include "cni/message.hpp"
#include "cni/request.hpp"

namespace terway::cni {

// When to give up. The runtime gives us two minutes; we answer before it kills us.
struct Patience {
    Deadline connect;
    Deadline answer;
};

// Sends the invocation with `netns_fd` (lent; -1 for none) and waits for the answer. Without one:
//   * nobody listens, or the daemon dies: DEL leaves a ticket and succeeds; STATUS fails with 50,
//     the rest with 11.
//   * no answer in time, or not one we understand: STATUS 50, the rest 11. A DEL leaves no ticket
//     then: there is a daemon, and the runtime repeats a failed DEL.
// `request` is `invocation` parsed. Does not throw terway::Error.
[[nodiscard]] Reply deliver(const Invocation& invocation, const Request& request, int netns_fd,
                            const Patience& patience);

}  // namespace terway::cni
