#include "ctl/table.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <string_view>

namespace terway::ctl {
namespace {

namespace json = boost::json;

constexpr const char* kRed = "\x1b[31m";
constexpr const char* kPlain = "\x1b[0m";
constexpr std::size_t kWidest = 48;
constexpr std::size_t kEnd = 16;  // pods of one owner differ there
constexpr std::string_view kGap = "...";

}  // namespace

std::string table(const std::vector<Row>& rows, bool color) {
    std::vector<std::size_t> widths(rows.front().cells.size());
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.cells.size(); ++i) {
            widths[i] = std::max(widths[i], row.cells[i].size());
        }
    }
    std::string out;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.cells.size(); ++i) {
            line += row.cells[i] + std::string(widths[i] - row.cells[i].size() + 2, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += color && row.bad ? kRed + line + kPlain : line;
        out += '\n';
    }
    return out;
}

std::string shortened(const std::string& name) {
    if (name.size() <= kWidest) {
        return name;
    }
    const auto begin = name.substr(0, kWidest - kEnd - kGap.size());
    return begin + std::string(kGap) + name.substr(name.size() - kEnd);
}

std::string text(const json::value& value) {
    if (const auto* string = value.if_string()) {
        return std::string(*string);
    }
    if (const auto* array = value.if_array()) {
        std::string all;
        for (const auto& each : *array) {
            all += (all.empty() ? "" : ",") + text(each);
        }
        return all;
    }
    return json::serialize(value);
}

std::string at(const json::value& object, const char* key) {
    return text(object.at(key));
}

}  // namespace terway::ctl
