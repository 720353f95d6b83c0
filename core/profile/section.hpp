// Strict reading of one table of the profile: each reader takes a key, complains at its place, and
// leaves `value` alone when the key is absent or wrong; what nobody took is a complaint too.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "profile/diagnostic.hpp"
#include "profile/table.hpp"

namespace terway::profile {

class Section {
public:
    // `title` is how a person calls the table: "[pool]"; empty for the document itself. Borrows
    // both.
    Section(const Table& table, std::string title, Diagnostics& diagnostics);

    // The entry if it is there and of that kind.
    const Entry* take(std::string_view key, ValueKind kind);
    // The entry of whatever kind.
    const Entry* take_any(std::string_view key);
    // As take, complaining if the key is absent.
    const Entry* require(std::string_view key, ValueKind kind);

    // Of the value, if there is one of whatever kind.
    [[nodiscard]] std::optional<Place> place_of(std::string_view key) const;

    void integer(std::string_view key, std::uint32_t& value, std::uint32_t low, std::uint32_t high);
    void duration(std::string_view key, std::chrono::milliseconds& value,
                  std::chrono::milliseconds low, std::chrono::milliseconds high);
    void absolute_path(std::string_view key, std::string& value);
    void boolean(std::string_view key, bool& value);
    void text(std::string_view key, std::string& value);
    void texts(std::string_view key, std::vector<std::string>& value);
    // The strings of a table: names and values.
    void text_map(std::string_view key, std::map<std::string, std::string>& value);
    // One of a few words, each of which stands for a value.
    template <class Value>
    void choice(std::string_view key, Value& value,
                std::initializer_list<std::pair<std::string_view, Value>> choices) {
        const Entry* entry = take(key, ValueKind::String);
        if (entry == nullptr) {
            return;
        }
        std::vector<std::string_view> words;
        for (const auto& [word, meaning] : choices) {
            if (word == entry->string) {
                value = meaning;
                return;
            }
            words.push_back(word);
        }
        complain_choice(*entry, key, words);
    }
    // A table of the table, "[pool.exclusive]" of "[pool]"; whoever reads it calls finish().
    [[nodiscard]] std::optional<Section> table(std::string_view key);
    // The strings of an array; complains about what is none.
    std::vector<const Entry*> strings(std::string_view key);

    // Complains about every key that was not taken.
    void finish();

    void complain(Place place, const std::string& text) { diagnostics_.error(place, text); }

private:
    void complain_choice(const Entry& entry, std::string_view key,
                         const std::vector<std::string_view>& words);

    const Table& table_;
    const std::string title_;
    Diagnostics& diagnostics_;
    std::vector<std::string_view> taken_;
};

// "500ms", "30s", "2m", "1h".
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// ", did you mean "x"?" with the candidate that is nearest to `word`, or nothing if none is near.
[[nodiscard]] std::string suggestion(std::string_view word,
                                     const std::vector<std::string_view>& candidates);

}  // namespace terway::profile
