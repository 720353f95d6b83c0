#include "sim/table.hpp"

#include "terway/error.hpp"

namespace terway::sim {

void Complaints::add(const toml::source_region& where, const std::string& what) {
    lines_.push_back(file_ + ":" + std::to_string(where.begin.line) + ":" +
                     std::to_string(where.begin.column) + ": error: " + what);
}

void Complaints::raise() const {
    std::string all;
    for (const auto& line : lines_) {
        all += (all.empty() ? "" : "\n") + line;
    }
    if (!all.empty()) {
        throw Error(Status::Invalid, all);
    }
}

const toml::node* Table::find(const std::string& key) {
    asked_.insert(key);
    return table_.get(key);
}

void Table::complain(const toml::node& node, const std::string& key, const std::string& reason) {
    complaints_.add(node.source(), key + " of " + what_ + " " + reason);
}

void Table::complain(const std::string& reason) {
    complaints_.add(table_.source(), what_ + ": " + reason);
}

std::optional<std::string> Table::text(const std::string& key) {
    const auto* node = find(key);
    if (node == nullptr) {
        return std::nullopt;
    }
    if (auto value = node->value_exact<std::string>()) {
        return value;
    }
    complain(*node, key, "must be a string");
    return std::nullopt;
}

std::string Table::required_text(const std::string& key) {
    if (find(key) == nullptr) {
        complain("key " + key + " is missing");
    }
    return text(key).value_or("");
}

bool Table::boolean(const std::string& key, bool fallback) {
    const auto* node = find(key);
    if (node == nullptr) {
        return fallback;
    }
    const auto value = node->value_exact<bool>();
    if (!value) {
        complain(*node, key, "must be true or false");
    }
    return value.value_or(fallback);
}

std::uint32_t Table::integer(const std::string& key, std::uint32_t fallback) {
    const auto* node = find(key);
    if (node == nullptr) {
        return fallback;
    }
    const auto value = node->value_exact<std::int64_t>();
    if (!value || *value < 0 || *value > UINT32_MAX) {
        complain(*node, key, "must be a whole number from 0 to 4294967295");
        return fallback;
    }
    return static_cast<std::uint32_t>(*value);
}

template <class T>
std::optional<T> Table::parsed(const std::string& key, const char* expected) {
    const auto value = text(key);
    if (!value) {
        return std::nullopt;
    }
    const auto result = T::parse(*value);
    if (!result) {
        complain(*find(key), key, "must be " + std::string(expected) + ", not \"" + *value + "\"");
    }
    return result;
}

std::optional<Prefix> Table::prefix(const std::string& key) {
    return parsed<Prefix>(key, "a prefix such as 10.0.0.0/24");
}

Prefix Table::required_prefix(const std::string& key) {
    if (find(key) == nullptr) {
        complain("key " + key + " is missing");
    }
    return prefix(key).value_or(Prefix());
}

std::optional<IpAddress> Table::address(const std::string& key) {
    return parsed<IpAddress>(key, "an IP address");
}

std::optional<Mac> Table::mac(const std::string& key) {
    return parsed<Mac>(key, "a MAC address such as 00:16:3e:00:00:01");
}

std::vector<IpAddress> Table::addresses(const std::string& key) {
    std::vector<IpAddress> all;
    const auto* node = find(key);
    if (node == nullptr) {
        return all;
    }
    const auto* list = node->as_array();
    if (list == nullptr) {
        complain(*node, key, "must be a list of IP addresses");
        return all;
    }
    for (const auto& element : *list) {
        const auto value = element.value_exact<std::string>();
        const auto address = value ? IpAddress::parse(*value) : std::nullopt;
        if (!address) {
            complain(element, key, "must hold nothing but IP addresses");
            continue;
        }
        all.push_back(*address);
    }
    return all;
}

void Table::finish() {
    for (const auto& [key, node] : table_) {
        if (!asked_.contains(key.str())) {
            complaints_.add(key.source(), "unknown key " + std::string(key.str()) + " in " + what_);
        }
    }
}

}  // namespace terway::sim
