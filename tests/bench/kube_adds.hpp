// What Kubernetes costs a daemon: an ADD beside one of a daemon that knows nothing of it, and
// memory on a node of a large cluster.
#pragma once

#include <string>

#include "daemon.hpp"
#include "duel.hpp"

namespace terway::bench {

struct KubeAdds {
    VerbTimes with;
    VerbTimes without;
    Memory memory;  // of the daemon with Kubernetes, at the end
};

// The simulated API server, in this process, has so many pods of other nodes; a pod's object is
// there before its ADD, as it is when a kubelet asks.
[[nodiscard]] KubeAdds run_kube_adds(const Programs& programs, const std::string& scratch,
                                     unsigned others, unsigned rounds);

}  // namespace terway::bench
