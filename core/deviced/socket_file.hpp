// Unix sockets as files: who is there, and whether it is still the same one.
#pragma once

#include <optional>
#include <string>

#include "base/fd.hpp"
#include "deviced/steering.hpp"

namespace terway::deviced {

// The socket at `path`; nothing if there is none, or something else.
[[nodiscard]] std::optional<FileId> socket_at(const std::string& path);

// Makes room for a socket of ours: removes one that nobody listens at. Throws Error: Retry where
// somebody does, Invalid where something else lies or if the path is too long for a socket.
void clear_socket(const std::string& path);

// One process a path, also while there is no file: the kubelet removes it whenever it starts.
// Released when the descriptor closes. Throws Error if another process has it.
[[nodiscard]] Fd lock_socket(const std::string& path);

}  // namespace terway::deviced
