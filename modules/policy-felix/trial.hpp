// Whether this kernel can do what the module asks of it.
#pragma once

namespace terway::felix {

// Makes the table, with a pod whose rules use all there is, in a namespace made for it. Throws
// Error(Unsupported) that names what to load.
void try_kernel();

}  // namespace terway::felix
