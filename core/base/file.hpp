// Small files: read whole, write durably.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace terway {

// Reads everything, up to `limit` bytes. Throws Error(Gone) if the file is missing, Error(Invalid)
// if it is larger.
[[nodiscard]] std::string read_file(const std::string& path, std::size_t limit = 16U << 20U);

// The same for files only, of whatever follows links: a pipe would keep the reader until somebody
// writes to it. Throws Error(Invalid) for anything else.
[[nodiscard]] std::string read_regular_file(const std::string& path, std::size_t limit);

// Error(Invalid) if something else than a file is there. Fine if nothing is.
void require_regular_file(const std::string& path);

// Reads a descriptor to its end. Throws Error as above; `name` appears in it.
[[nodiscard]] std::string read_all(int fd, const std::string& name, std::size_t limit = 16U << 20U);

// Writes all of `bytes`. Throws Error.
void write_all(int fd, const std::string& name, std::string_view bytes);

// Replaces `path` so that after a power loss either the old or the new content is there: temporary
// file beside it, fsync, rename, fsync of the directory. Throws Error.
void write_file_durably(const std::string& path, std::string_view bytes, unsigned mode = 0600);

// fsyncs a directory, after entries in it changed. Throws Error.
void sync_directory(const std::string& path);

// Writes an existing small file in one go (procfs, sysfs). Throws Error, Gone if it is missing.
void write_control_file(const std::string& path, std::string_view bytes);

}  // namespace terway
