// Rows of text in columns, and reading the answers' members as text. Pure.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <vector>

namespace terway::ctl {

struct Row {
    std::vector<std::string> cells;
    bool bad = false;  // shown in red on a terminal
};

// The first row is the heading. `color`: whether the reader is a terminal.
[[nodiscard]] std::string table(const std::vector<Row>& rows, bool color);

// A name as a table shows it: of one that is too wide the beginning, "..." and the end.
[[nodiscard]] std::string shortened(const std::string& name);

// Lists are joined with commas.
[[nodiscard]] std::string text(const boost::json::value& value);
[[nodiscard]] std::string at(const boost::json::value& object, const char* key);

}  // namespace terway::ctl
