// A TOML table or array as plain data, with the place of every key and value: what a module is
// given to read (through the C contract, see host/host_api.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "profile/diagnostic.hpp"

namespace terway::profile {

struct Entry;

// The entries are in the order of the file.
struct Table {
    bool is_array = false;  // keys are then empty
    Place place;
    std::vector<Entry> entries;

    // Null if there is no such key.
    [[nodiscard]] const Entry* find(std::string_view key) const;
};

enum class ValueKind : std::uint8_t { Bool, Integer, String, Table, Array, Other };

struct Entry {
    std::string key;
    Place key_place;
    ValueKind kind = ValueKind::Other;
    Place place;
    std::int64_t integer = 0;  // also a boolean
    std::string string;
    Table table;  // also an array
};

}  // namespace terway::profile
