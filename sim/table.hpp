// A TOML table read strictly: every key is asked for once, what nobody asked for is an error, every
// complaint knows its line and column.
#pragma once

#include <toml++/toml.h>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/address.hpp"

namespace terway::sim {

// Collected, not thrown, so that one run shows all.
class Complaints {
public:
    explicit Complaints(std::string file) : file_(std::move(file)) {}

    void add(const toml::source_region& where, const std::string& what);
    [[nodiscard]] bool empty() const noexcept { return lines_.empty(); }
    // Throws Error(Invalid) with all of them, if there are any.
    void raise() const;

private:
    std::string file_;
    std::vector<std::string> lines_;
};

// Refers to the TOML table and the complaints. Missing or unreadable values are complaints, and the
// reader answers an empty value.
class Table {
public:
    Table(const toml::table& table, std::string what, Complaints& complaints)
        : table_(table), what_(std::move(what)), complaints_(complaints) {}

    [[nodiscard]] std::optional<std::string> text(const std::string& key);
    [[nodiscard]] std::string required_text(const std::string& key);
    [[nodiscard]] bool boolean(const std::string& key, bool fallback);
    [[nodiscard]] std::uint32_t integer(const std::string& key, std::uint32_t fallback);
    [[nodiscard]] std::optional<Prefix> prefix(const std::string& key);
    [[nodiscard]] Prefix required_prefix(const std::string& key);
    [[nodiscard]] std::optional<IpAddress> address(const std::string& key);
    [[nodiscard]] std::vector<IpAddress> addresses(const std::string& key);
    [[nodiscard]] std::optional<Mac> mac(const std::string& key);

    // A complaint about the table as a whole.
    void complain(const std::string& reason);
    // Complains about keys nobody asked for.
    void finish();

private:
    const toml::node* find(const std::string& key);
    void complain(const toml::node& node, const std::string& key, const std::string& reason);
    template <class T>
    std::optional<T> parsed(const std::string& key, const char* expected);

    const toml::table& table_;
    std::string what_;
    Complaints& complaints_;
    std::set<std::string, std::less<>> asked_;
};

}  // namespace terway::sim
