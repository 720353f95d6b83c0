// One logger, to standard error, one logfmt line per event:
//     time=2024-05-01T12:00:00.123Z level=info msg="endpoint ready" req=1f2e endpoint=a1b2/eth0
// Safe from any thread. Values are quoted when they need it, and control characters are escaped, so
// that nothing a stranger sends can forge a line.
#pragma once

#include <concepts>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace terway::log {

enum class Level { Debug, Info, Warning, Error };

// Keys are literals: lower case, no space.
struct Field {
    Field(std::string_view name, std::string text) : key(name), value(std::move(text)) {}
    Field(std::string_view name, std::string_view text) : key(name), value(text) {}
    Field(std::string_view name, const char* text) : key(name), value(text) {}
    Field(std::string_view name, bool flag) : key(name), value(flag ? "true" : "false") {}
    template <class Number>
    requires(std::integral<Number> || std::floating_point<Number>)
        Field(std::string_view name, Number number)
        : key(name), value(std::to_string(number)) {}

    std::string_view key;
    std::string value;
};
using Fields = std::initializer_list<Field>;

// Lines below `level` are dropped; Info until told otherwise.
void set_level(Level level);
// "debug", "info", "warning", "error".
[[nodiscard]] std::optional<Level> parse_level(std::string_view text);

void write(Level level, std::string_view text, Fields fields = {});
inline void debug(std::string_view text, Fields fields = {}) {
    write(Level::Debug, text, fields);
}
inline void info(std::string_view text, Fields fields = {}) {
    write(Level::Info, text, fields);
}
inline void warning(std::string_view text, Fields fields = {}) {
    write(Level::Warning, text, fields);
}
inline void error(std::string_view text, Fields fields = {}) {
    write(Level::Error, text, fields);
}

// Adds fields to every line this thread writes during its lifetime. Scopes nest and end in reverse
// order, on the thread that made them.
class Scope {
public:
    explicit Scope(Fields fields);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

private:
    std::size_t outer_size_;
};

}  // namespace terway::log
