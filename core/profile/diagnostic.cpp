#include "profile/diagnostic.hpp"

#include <algorithm>
#include <utility>

namespace terway::profile {

std::string Diagnostic::print() const {
    std::string line = file + ":";
    if (place.line != 0) {
        line += std::to_string(place.line) + ":" + std::to_string(place.column) + ":";
    }
    return line + (severity == Severity::Error ? " error: " : " warning: ") + text;
}

void Diagnostics::error(Place place, std::string text) {
    all_.push_back({file_, place, Severity::Error, std::move(text)});
    ++errors_;
}

void Diagnostics::warning(Place place, std::string text) {
    all_.push_back({file_, place, Severity::Warning, std::move(text)});
}

std::vector<Diagnostic> Diagnostics::sorted() const {
    auto all = all_;
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.place < b.place; });
    return all;
}

std::string Diagnostics::print() const {
    std::string lines;
    for (const auto& diagnostic : sorted()) {
        lines += diagnostic.print() + "\n";
    }
    return lines;
}

}  // namespace terway::profile
