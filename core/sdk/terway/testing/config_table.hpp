// A module's configuration, built by hand: one call for each key, as if each stood on a line of its
// own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "terway/abi.h"
#include "terway/types.hpp"

namespace terway::sdk::testing {

// A TOML table, or an array, whose keys are empty. Keys keep their order. Not for two threads.
class ConfigTable {
public:
    struct Entry {
        std::string key;
        std::int32_t kind = TWY_NONE;
        std::int64_t integer = 0;
        std::string text;
        std::shared_ptr<const ConfigTable> table;
        std::uint32_t line = 0;
        std::uint32_t column = 1;
    };

    ConfigTable& boolean(std::string_view key, bool value) {
        add(key, TWY_BOOL).integer = value ? 1 : 0;
        return *this;
    }
    ConfigTable& integer(std::string_view key, std::int64_t value) {
        add(key, TWY_INT).integer = value;
        return *this;
    }
    ConfigTable& string(std::string_view key, std::string_view value) {
        add(key, TWY_STRING).text = value;
        return *this;
    }
    ConfigTable& strings(std::string_view key, const std::vector<std::string>& values) {
        ConfigTable array;
        for (const auto& value : values) {
            array.string("", value);
        }
        return this->array(key, std::move(array));
    }
    ConfigTable& table(std::string_view key, ConfigTable value) {
        add(key, TWY_TABLE).table = std::make_shared<const ConfigTable>(std::move(value));
        return *this;
    }
    ConfigTable& array(std::string_view key, ConfigTable value) {
        add(key, TWY_ARRAY).table = std::make_shared<const ConfigTable>(std::move(value));
        return *this;
    }
    // A value of a kind the contract has no room for: a float, a date.
    ConfigTable& other(std::string_view key) {
        add(key, TWY_OTHER);
        return *this;
    }
    // Moves the last key to another place in the file.
    ConfigTable& at(std::uint32_t line, std::uint32_t column) {
        entries_.back().line = line;
        entries_.back().column = column;
        return *this;
    }

    [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; }
    [[nodiscard]] const Entry* find(std::string_view key) const noexcept {
        for (const auto& entry : entries_) {
            if (entry.key == key) {
                return &entry;
            }
        }
        return nullptr;
    }

private:
    Entry& add(std::string_view key, std::int32_t kind) {
        auto& entry = entries_.emplace_back();
        entry.key = key;
        entry.kind = kind;
        entry.line = static_cast<std::uint32_t>(entries_.size());
        return entry;
    }

    std::vector<Entry> entries_;
};

}  // namespace terway::sdk::testing
