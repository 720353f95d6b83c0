#include "daemon/preflight.hpp"

#include <algorithm>
#include <sstream>

#include "terway/error.hpp"

namespace terway::daemon {

bool Preflight::met() const {
    return std::all_of(rows.begin(), rows.end(), [](const auto& row) { return row.met; });
}

std::vector<Preflight> preflight(const endpoint::Modules& modules) {
    std::vector<Preflight> results;
    for (const auto& [id, module] : modules) {
        Preflight result{id, host::evaluate(module->requirements())};
        try {
            module->preflight();
        } catch (const Error& error) {
            result.rows.push_back(
                {"the module's own test", false, error.what(), "see the README of module " + id});
        }
        results.push_back(std::move(result));
    }
    return results;
}

std::string to_text(const std::vector<Preflight>& results) {
    std::size_t need = 4;
    std::size_t found = 5;
    for (const auto& result : results) {
        for (const auto& row : result.rows) {
            need = std::max(need, row.need.size());
            found = std::max(found, std::min<std::size_t>(row.found.size(), 40));
        }
    }
    std::ostringstream out;
    const auto cell = [&out](const std::string& text, std::size_t width) {
        out << text << std::string(text.size() < width ? width - text.size() : 0, ' ') << "  ";
    };
    for (const auto& result : results) {
        out << "module " << result.module << "\n  ok   ";
        cell("need", need);
        cell("found", found);
        out << "fix\n";
        for (const auto& row : result.rows) {
            out << (row.met ? "  yes  " : "  NO   ");
            cell(row.need, need);
            cell(row.found, found);
            out << row.fix << "\n";
        }
    }
    return out.str();
}

}  // namespace terway::daemon
