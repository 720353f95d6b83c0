// The database file: whose it is, which version, and the way to ours.
#pragma once

#include <string>

#include "store/sqlite.hpp"

namespace terway::store {

// Opens or makes the file and brings its schema up to date. Throws Error, saying what to do, for a
// file that is no database, another program's, damaged, of a later version, or that cannot be
// written now.
[[nodiscard]] Database open_database(const std::string& path);

}  // namespace terway::store
