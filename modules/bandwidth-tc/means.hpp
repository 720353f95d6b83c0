// What this kernel has to shape with.
#pragma once

#include "options.hpp"
#include "shape.hpp"

namespace terway::bandwidth_tc {

// Tries it out in a namespace of its own, which may load kernel modules. Throws
// Error(Unsupported) if the mode cannot be.
[[nodiscard]] Means find_means(Mode mode);

}  // namespace terway::bandwidth_tc
