// The directory that keeps the daemon's state, and the right to be its only user.
#pragma once

#include <string>

#include "base/fd.hpp"

namespace terway::store {

// Makes the directory (mode 0700) unless it is there. Throws Error, saying what to do, if it cannot
// be made, is no directory, is not root's, is open to others or cannot be written.
void ensure_state_dir(const std::string& path);

// Locks <directory>/lock for as long as the descriptor lives. Throws Error, naming the process that
// has it, if another one does.
[[nodiscard]] Fd lock_state_dir(const std::string& directory);

}  // namespace terway::store
