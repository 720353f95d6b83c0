// What this kernel has to rank what pods send with.
#pragma once

namespace terway::bandwidth_tc {

// Tries it out in a namespace of its own, which may load kernel modules. Throws Error(Unsupported)
// naming what is missing.
void require_rank_means();

}  // namespace terway::bandwidth_tc
