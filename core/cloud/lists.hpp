// Lists as the wire wants them. Internal to this folder. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "cloud/eni.hpp"
#include "cloud/signature.hpp"

namespace terway::cloud {

inline std::string wire_text(const std::string& text) {
    return text;
}
inline std::string wire_text(const IpAddress& address) {
    return address.text();
}
inline std::string wire_text(const Prefix& prefix) {
    return prefix.text();
}

// Name.1, Name.2, ...
template <class Value>
void put_list(Parameters& parameters, const std::string& name, std::span<const Value> values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        parameters[name + "." + std::to_string(i + 1)] = wire_text(values[i]);
    }
}

// Tag.1.Key, Tag.1.Value, ...
inline void put_tags(Parameters& parameters, const Tags& tags) {
    std::size_t number = 0;
    for (const auto& [key, value] : tags) {
        const auto name = "Tag." + std::to_string(++number);
        parameters[name + ".Key"] = key;
        parameters[name + ".Value"] = value;
    }
}

inline void put_unless_empty(Parameters& parameters, const std::string& name,
                             const std::string& value) {
    if (!value.empty()) {
        parameters[name] = value;
    }
}

// `values` in runs of at most `size`.
template <class Value>
std::vector<std::span<const Value>> chunks(const std::vector<Value>& values, std::size_t size) {
    std::vector<std::span<const Value>> out;
    for (std::size_t start = 0; start < values.size(); start += size) {
        out.push_back(std::span(values).subspan(start, std::min(size, values.size() - start)));
    }
    return out;
}

}  // namespace terway::cloud
