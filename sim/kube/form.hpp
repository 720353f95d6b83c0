// How an object is shown: with its kind and version, as a row of a table, or its metadata alone.
// Pure.
#pragma once

#include <string>
#include <vector>

#include "base/time.hpp"
#include "sim/kube/kind.hpp"
#include "sim/kube/store.hpp"

namespace terway::sim::kube {

struct Form {
    enum class Shape : std::uint8_t { Plain, Table, Partial };
    enum class Included : std::uint8_t { Metadata, Object, None };  // in the rows of a table
    const Kind* kind = nullptr;
    std::string version;  // of the API: "v1"
    Shape shape = Shape::Plain;
    Included included = Included::Metadata;
    std::string table_version = "v1";
};

// What an Accept header and includeObject ask for. Throws Problem (406).
[[nodiscard]] Form form_of(const Kind& kind, const std::string& version, const std::string& accept,
                           const std::string& include_object);

// One object with kind and apiVersion, as JSON text.
[[nodiscard]] std::string shown(const Form& form, const Object& object, WallTime now,
                                bool with_columns = true);
// `meta` is the list's: resourceVersion, continue ...
[[nodiscard]] std::string shown_list(const Form& form,
                                     const std::vector<std::pair<Key, ObjectPtr>>& items,
                                     const json::object& meta, WallTime now);

// Objects of one bucket may be asked for in several versions; `value` is what is stored.
[[nodiscard]] bool needs_conversion(const Kind& kind, const std::string& version);
void convert_out(json::object& value, const Kind& kind, const std::string& version);
void convert_in(json::object& value, const Kind& kind, const std::string& version);

}  // namespace terway::sim::kube
