// terway/config.hpp -- typed reading of a module's TOML table.
//
// Every reader returns its fallback when the key is absent or wrong; a wrong value is complained
// about with its line and column, and all complaints together make configure fail.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "terway/abi.h"
#include "terway/error.hpp"
#include "terway/types.hpp"

namespace terway::sdk {

class Config {
public:
    Config(const twy_host& host, const twy_table* table) : host_(host), table_(table) {}

    bool boolean(std::string_view key, bool fallback) {
        const auto found = find(key, TWY_BOOL, "true or false");
        return found ? found->integer != 0 : fallback;
    }

    std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t low,
                         std::int64_t high) {
        const auto found = find(key, TWY_INT, "an integer");
        if (!found) {
            return fallback;
        }
        if (found->integer < low || found->integer > high) {
            complain(*found, std::string(key) + " must lie between " + std::to_string(low) +
                                 " and " + std::to_string(high));
            return fallback;
        }
        return found->integer;
    }

    std::string string(std::string_view key, std::string_view fallback) {
        const auto found = find(key, TWY_STRING, "a string");
        return std::string(found ? view(found->string) : fallback);
    }

    std::string choice(std::string_view key, std::string_view fallback,
                       std::initializer_list<std::string_view> allowed) {
        const auto found = find(key, TWY_STRING, "a string");
        if (!found) {
            return std::string(fallback);
        }
        std::string text = std::string(key) + " must be one of";
        for (const auto candidate : allowed) {
            if (candidate == view(found->string)) {
                return std::string(candidate);
            }
            text += " \"" + std::string(candidate) + "\"";
        }
        complain(*found, text);
        return std::string(fallback);
    }

    // An array of strings, each with its place so that the caller can complain about one of them.
    struct Item {
        std::string text;
        std::uint32_t line = 0;
        std::uint32_t column = 0;
    };
    std::vector<Item> strings(std::string_view key) {
        std::vector<Item> items;
        const auto found = find(key, TWY_ARRAY, "an array of strings");
        if (!found) {
            return items;
        }
        twy_str name{};
        auto value = sized<twy_value>();
        for (std::size_t i = 0; host_.config_at(found->table, i, &name, &value) != 0; ++i) {
            if (value.kind == TWY_STRING) {
                items.push_back({std::string(view(value.string)), value.line, value.column});
            } else {
                complain(value, std::string(key) + " must hold strings only");
            }
            value = sized<twy_value>();
        }
        return items;
    }

    // For rules between keys and for values only the module can judge.
    void complain(std::uint32_t line, std::uint32_t column, const std::string& text) {
        ++complaints_;
        host_.config_error(table_, line, column, str(text));
    }

    // Called by the wrapper after configure: unknown keys are errors, and any complaint so far
    // fails the configuration.
    void finish() {
        twy_str key{};
        auto value = sized<twy_value>();
        for (std::size_t i = 0; host_.config_at(table_, i, &key, &value) != 0; ++i) {
            if (!known_.contains(std::string(view(key)))) {
                complain(value, "unknown key \"" + std::string(view(key)) + "\"");
            }
        }
        if (complaints_ > 0) {
            throw Error(Status::Invalid, std::to_string(complaints_) +
                                             (complaints_ == 1 ? " complaint" : " complaints") +
                                             " about the module's table");
        }
    }

private:
    std::optional<twy_value> find(std::string_view key, std::int32_t kind, std::string_view noun) {
        known_.emplace(key);
        auto value = sized<twy_value>();
        if (host_.config_get(table_, str(key), &value) == 0) {
            return std::nullopt;
        }
        if (value.kind != kind) {
            complain(value, std::string(key) + " must be " + std::string(noun));
            return std::nullopt;
        }
        return value;
    }

    void complain(const twy_value& at, const std::string& text) {
        complain(at.line, at.column, text);
    }

    const twy_host& host_;
    const twy_table* table_;
    std::set<std::string> known_;
    int complaints_ = 0;
};

}  // namespace terway::sdk
