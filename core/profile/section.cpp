#include "profile/section.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <utility>

namespace terway::profile {
namespace {

using std::chrono::milliseconds;

const char* noun(ValueKind kind) {
    switch (kind) {
        case ValueKind::Bool:
            return "true or false";
        case ValueKind::Integer:
            return "an integer";
        case ValueKind::String:
            return "a string";
        case ValueKind::Table:
            return "a table";
        case ValueKind::Array:
            return "an array of strings";
        case ValueKind::Other:
            break;
    }
    return "something else";
}

struct Unit {
    std::string_view name;
    std::int64_t milliseconds;
};
constexpr std::array<Unit, 4> kUnits{{{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}}};

std::string print_duration(milliseconds span) {
    std::string text = "0s";
    for (const auto& unit : kUnits) {
        if (span.count() != 0 && span.count() % unit.milliseconds == 0) {
            text = std::to_string(span.count() / unit.milliseconds) + std::string(unit.name);
        }
    }
    return text;
}

// Edits (insert, delete, replace) that turn one word into the other.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
        }
    }
    return row.back();
}

}  // namespace

const Entry* Table::find(std::string_view key) const {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const Entry& entry) { return entry.key == key; });
    return found == entries.end() || is_array ? nullptr : &*found;
}

std::optional<milliseconds> parse_duration(std::string_view text) {
    std::int64_t number = 0;
    const char* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, number);
    if (error != std::errc{} || number < 0) {
        return std::nullopt;
    }
    const std::string_view name(end, static_cast<std::size_t>(last - end));
    for (const auto& unit : kUnits) {
        // A thousand years is enough, and cannot overflow.
        if (name == unit.name && number < 10'000'000) {
            return milliseconds(number * unit.milliseconds);
        }
    }
    return std::nullopt;
}

std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates) {
    std::string_view best;
    std::size_t best_distance = 1 + std::min<std::size_t>(2, word.size() / 3 + 1);
    for (const auto candidate : candidates) {
        const auto edits = distance(word, candidate);
        if (edits < best_distance) {
            best = candidate;
            best_distance = edits;
        }
    }
    return best.empty() ? "" : ", did you mean \"" + std::string(best) + "\"?";
}

Section::Section(const Table& table, std::string title, Diagnostics& diagnostics)
    : table_(table), title_(std::move(title)), diagnostics_(diagnostics) {}

const Entry* Section::take(std::string_view key, ValueKind kind) {
    taken_.push_back(key);
    const Entry* entry = table_.find(key);
    if (entry != nullptr && entry->kind != kind) {
        complain(entry->place, std::string(key) + " must be " + noun(kind));
        return nullptr;
    }
    return entry;
}

const Entry* Section::take_any(std::string_view key) {
    taken_.push_back(key);
    return table_.find(key);
}

const Entry* Section::require(std::string_view key, ValueKind kind) {
    if (table_.find(key) == nullptr) {
        const std::string what = kind == ValueKind::Table ? "the table [" + std::string(key) + "]"
                                                          : "the key \"" + std::string(key) + "\"";
        complain(table_.place, what + " is missing" + (title_.empty() ? "" : " in " + title_));
    }
    return take(key, kind);
}

std::optional<Place> Section::place_of(std::string_view key) const {
    const Entry* entry = table_.find(key);
    return entry == nullptr ? std::nullopt : std::optional(entry->place);
}

void Section::integer(std::string_view key, std::uint32_t& value, std::uint32_t low,
                      std::uint32_t high) {
    const Entry* entry = take(key, ValueKind::Integer);
    if (entry == nullptr) {
        return;
    }
    if (entry->integer < std::int64_t{low} || entry->integer > std::int64_t{high}) {
        complain(entry->place, std::string(key) + " must lie between " + std::to_string(low) +
                                   " and " + std::to_string(high));
        return;
    }
    value = static_cast<std::uint32_t>(entry->integer);
}

void Section::duration(std::string_view key, milliseconds& value, milliseconds low,
                       milliseconds high) {
    const Entry* entry = take(key, ValueKind::String);
    if (entry == nullptr) {
        return;
    }
    const auto parsed = parse_duration(entry->string);
    if (!parsed) {
        complain(entry->place, std::string(key) +
                                   " must be a duration such as \"500ms\", \"30s\" "
                                   "or \"2m\", not \"" +
                                   entry->string + "\"");
        return;
    }
    if (*parsed < low || *parsed > high) {
        complain(entry->place, std::string(key) + " must lie between " + print_duration(low) +
                                   " and " + print_duration(high));
        return;
    }
    value = *parsed;
}

void Section::absolute_path(std::string_view key, std::string& value) {
    const Entry* entry = take(key, ValueKind::String);
    if (entry == nullptr) {
        return;
    }
    if (!entry->string.starts_with('/')) {
        complain(entry->place, std::string(key) + " must be an absolute path");
        return;
    }
    value = entry->string;
}

std::vector<const Entry*> Section::strings(std::string_view key) {
    std::vector<const Entry*> items;
    const Entry* array = take(key, ValueKind::Array);
    if (array == nullptr) {
        return items;
    }
    for (const auto& item : array->table.entries) {
        if (item.kind == ValueKind::String) {
            items.push_back(&item);
        } else {
            complain(item.place, std::string(key) + " must hold strings only");
        }
    }
    return items;
}

void Section::boolean(std::string_view key, bool& value) {
    if (const Entry* entry = take(key, ValueKind::Bool)) {
        value = entry->integer != 0;
    }
}

void Section::text(std::string_view key, std::string& value) {
    if (const Entry* entry = take(key, ValueKind::String)) {
        value = entry->string;
    }
}

void Section::texts(std::string_view key, std::vector<std::string>& value) {
    for (const Entry* item : strings(key)) {
        value.push_back(item->string);
    }
}

void Section::text_map(std::string_view key, std::map<std::string, std::string>& value) {
    const Entry* table = take(key, ValueKind::Table);
    if (table == nullptr) {
        return;
    }
    for (const auto& entry : table->table.entries) {
        if (entry.kind == ValueKind::String) {
            value[entry.key] = entry.string;
        } else {
            complain(entry.place, std::string(key) + "." + entry.key + " must be a string");
        }
    }
}

void Section::complain_choice(const Entry& entry, std::string_view key,
                              const std::vector<std::string_view>& words) {
    std::string text = std::string(key) + " must be";
    for (std::size_t i = 0; i < words.size(); ++i) {
        text += i == 0 ? " \"" : i + 1 == words.size() ? " or \"" : ", \"";
        text += std::string(words[i]) + "\"";
    }
    complain(entry.place, text + suggestion(entry.string, words));
}

std::optional<Section> Section::table(std::string_view key) {
    const Entry* entry = take(key, ValueKind::Table);
    if (entry == nullptr) {
        return std::nullopt;
    }
    const auto within = title_.empty() ? "[" : title_.substr(0, title_.size() - 1) + ".";
    return Section(entry->table, within + std::string(key) + "]", diagnostics_);
}

void Section::finish() {
    for (const auto& entry : table_.entries) {
        if (std::find(taken_.begin(), taken_.end(), entry.key) == taken_.end()) {
            complain(entry.key_place, "unknown key \"" + entry.key + "\"" +
                                          (title_.empty() ? "" : " in " + title_) +
                                          suggestion(entry.key, taken_));
        }
    }
}

}  // namespace terway::profile
