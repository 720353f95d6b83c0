// Complaints about a text a person wrote: collected, not thrown, so that all are seen at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace terway::profile {

// A place in a file; lines and columns count from 1, 0 is "nowhere in particular".
struct Place {
    std::uint32_t line = 0;
    std::uint32_t column = 0;

    bool operator==(const Place&) const = default;
    bool operator<(const Place& other) const {
        return line != other.line ? line < other.line : column < other.column;
    }
};

enum class Severity { Warning, Error };

struct Diagnostic {
    std::string file;
    Place place;
    Severity severity = Severity::Error;
    std::string text;  // lower case, no period

    // "file:line:column: error: text"; without a place "file: error: text".
    [[nodiscard]] std::string print() const;
};

// Not for use by several threads at a time.
class Diagnostics {
public:
    explicit Diagnostics(std::string file) : file_(std::move(file)) {}

    void error(Place place, std::string text);
    void warning(Place place, std::string text);

    [[nodiscard]] std::size_t errors() const noexcept { return errors_; }
    [[nodiscard]] bool ok() const noexcept { return errors_ == 0; }
    [[nodiscard]] const std::string& file() const noexcept { return file_; }
    // In the order of the file.
    [[nodiscard]] std::vector<Diagnostic> sorted() const;
    // All of them, in the order of the file, a line each.
    [[nodiscard]] std::string print() const;

private:
    std::string file_;
    std::vector<Diagnostic> all_;
    std::size_t errors_ = 0;
};

}  // namespace terway::profile
