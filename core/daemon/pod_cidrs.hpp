// The node's ranges where its object in Kubernetes says them.
#pragma once

#include <functional>
#include <vector>

#include "base/address.hpp"
#include "base/time.hpp"
#include "store/store.hpp"

namespace terway::daemon {

// Asks until a deadline; none when it was in vain.
using AskPodCidrs = std::function<std::vector<Prefix>(Deadline)>;

// Waits until they are known, and remembers them: a daemon that starts while the API server is away
// goes by what it was told last. `go_on` is asked every second and ends the waiting with nothing
// when it says no; `tell` is called now and then while it goes on. Throws Error if they cannot be
// remembered, and Error(Invalid) if the object says what no pod can have an address of.
[[nodiscard]] std::vector<Prefix> find_pod_cidrs(const AskPodCidrs& ask, store::Store& store,
                                                 const std::function<bool()>& go_on,
                                                 const std::function<void()>& tell);

// Throws Error(Invalid) if the range is so large, or of such a kind, that it must be a mistake.
void check_pod_cidr(const Prefix& cidr);

}  // namespace terway::daemon
