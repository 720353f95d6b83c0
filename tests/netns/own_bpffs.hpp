// A bpf file system that goes with the process, however that ends.
#pragma once

#include <string>

namespace terway::test {

// A directory that may be given as `bpffs`; nothing is mounted there yet. The calling thread, and
// all it starts, have mounts of their own from the first call on: call it before there are other
// threads. Throws Error.
[[nodiscard]] const std::string& own_bpffs();

}  // namespace terway::test
