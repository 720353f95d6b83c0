#include "options.hpp"

#include <toml++/toml.h>

#include "base/file.hpp"
#include "terway/error.hpp"

namespace terway::conformance {
namespace {

using sdk::testing::ConfigTable;

ConfigTable convert(const toml::table& table);

void append(ConfigTable& to, std::string_view key, const toml::node& node) {
    if (const auto* boolean = node.as_boolean()) {
        to.boolean(key, boolean->get());
    } else if (const auto* integer = node.as_integer()) {
        to.integer(key, integer->get());
    } else if (const auto* text = node.as_string()) {
        to.string(key, text->get());
    } else if (const auto* table = node.as_table()) {
        to.table(key, convert(*table));
    } else if (const auto* array = node.as_array()) {
        ConfigTable items;
        for (const auto& item : *array) {
            append(items, "", item);
        }
        to.array(key, std::move(items));
    } else {
        to.other(key);
    }
    to.at(node.source().begin.line, node.source().begin.column);
}

ConfigTable convert(const toml::table& table) {
    ConfigTable made;
    for (const auto& [key, node] : table) {
        append(made, key.str(), node);
    }
    return made;
}

Error misuse(const std::string& path, const toml::node& node, const std::string& what) {
    return {Status::Invalid, path + ":" + std::to_string(node.source().begin.line) + ":" +
                                 std::to_string(node.source().begin.column) + ": " + what};
}

void read_own(const std::string& path, const toml::table& own, Options& options) {
    for (const auto& [key, node] : own) {
        if (key.str() == "eni" && node.is_boolean()) {
            options.eni = node.as_boolean()->get();
        } else if (key.str() == "families" && node.is_array() && !node.as_array()->empty()) {
            options.families.clear();
            for (const auto& item : *node.as_array()) {
                const auto name = item.value_or(std::string());
                if (name != "ipv4" && name != "ipv6") {
                    throw misuse(path, item, "families must hold \"ipv4\" or \"ipv6\"");
                }
                options.families.push_back(name == "ipv4" ? Family::V4 : Family::V6);
            }
        } else {
            throw misuse(path, node,
                         "[conformance] holds eni = true or false and families = "
                         "[\"ipv4\", \"ipv6\"], nothing else");
        }
    }
}

}  // namespace

void read_config(const std::string& path, const std::string& module_id, Options& options) {
    options.config_path = path;
    const std::string text = read_file(path);
    toml::table file;
    try {
        file = toml::parse(std::string_view(text), std::string_view(path));
    } catch (const toml::parse_error& error) {
        throw Error(Status::Invalid, path + ":" + std::to_string(error.source().begin.line) + ":" +
                                         std::to_string(error.source().begin.column) + ": " +
                                         std::string(error.description()));
    }
    if (const auto* own = file["conformance"].as_table()) {
        read_own(path, *own, options);
        file.erase("conformance");
    }
    if (const auto* modules = file["module"].as_table()) {
        const auto* found = modules->get_as<toml::table>(module_id);
        options.config = found != nullptr ? convert(*found) : ConfigTable();
    } else {
        options.config = convert(file);
    }
}

}  // namespace terway::conformance
