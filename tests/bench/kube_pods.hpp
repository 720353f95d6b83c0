// Pods and namespaces as an API server shows them, with everything Terway has no use for.
#pragma once

#include <string>

namespace terway::bench {

[[nodiscard]] std::string pod_text(unsigned number);
[[nodiscard]] std::string namespace_text(unsigned number);

}  // namespace terway::bench
