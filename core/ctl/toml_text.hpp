// Writing TOML that people will read. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace terway::ctl {

// Values as TOML text.
[[nodiscard]] std::string toml_string(std::string_view text);
[[nodiscard]] std::string toml_strings(const std::vector<std::string>& texts);
// As the profile wants it, "90s", "10m": in the largest unit that is exact; rounded up where that
// is too many of them.
[[nodiscard]] std::string toml_duration(std::chrono::milliseconds span);

class TomlText {
public:
    // A blank line comes before a section that follows something.
    void section(std::string_view title);
    void value(std::string_view key, std::string_view toml, std::string_view comment = {});
    void comment(std::string_view line);
    void strings(const std::map<std::string, std::string>& table);  // keys are quoted at need

    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
};

}  // namespace terway::ctl
