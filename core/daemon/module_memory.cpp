#include "daemon/module_memory.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "base/log.hpp"
#include "terway/error.hpp"

namespace terway::daemon {
namespace {

namespace json = boost::json;
using profile::ValueKind;

constexpr const char* kKind = "module";

json::array write(const profile::Table& table) {
    json::array all;
    for (const auto& entry : table.entries) {
        all.push_back(json::object{{"key", entry.key},
                                   {"kind", static_cast<int>(entry.kind)},
                                   {"integer", entry.integer},
                                   {"string", entry.string},
                                   {"table", write(entry.table)}});
    }
    return all;
}

profile::Table read(const json::value& from, bool is_array) {
    profile::Table table;
    table.is_array = is_array;
    for (const auto& item : from.as_array()) {
        profile::Entry entry;
        entry.key = item.at("key").as_string();
        const auto kind = item.at("kind").as_int64();
        if (kind < 0 || kind > static_cast<int>(ValueKind::Other)) {
            throw Error(Status::Invalid, "no kind of value: " + std::to_string(kind));
        }
        entry.kind = static_cast<ValueKind>(kind);
        entry.integer = item.at("integer").as_int64();
        entry.string = item.at("string").as_string();
        entry.table = read(item.at("table"), entry.kind == ValueKind::Array);
        table.entries.push_back(std::move(entry));
    }
    return table;
}

}  // namespace

std::string write_settings(const profile::ModuleSettings& settings) {
    return json::serialize(
        json::object{{"path", settings.path.value_or("")}, {"table", write(settings.table)}});
}

profile::ModuleSettings read_settings(const std::string& text) {
    try {
        const auto value = json::parse(text);
        profile::ModuleSettings settings;
        if (const std::string path(value.at("path").as_string()); !path.empty()) {
            settings.path = path;
        }
        settings.table = read(value.at("table"), false);
        return settings;
    } catch (const std::exception& error) {
        throw Error(Status::Invalid, std::string("no settings of a module: ") + error.what());
    }
}

void remember_modules(store::Store& store, const profile::Profile& profile) {
    for (const auto& [id, settings] : profile.modules) {
        store.put_note(kKind, id, write_settings(settings));
    }
}

ModuleMemory remembered_modules(store::Store& store) {
    ModuleMemory memory;
    for (const auto& note : store.notes(kKind)) {
        try {
            memory.emplace(note.name, read_settings(note.body));
        } catch (const Error& error) {
            log::warning("what was remembered of a module cannot be read",
                         {{"module", note.name}, {"reason", error.what()}});
        }
    }
    return memory;
}

}  // namespace terway::daemon
