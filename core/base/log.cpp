#include "base/log.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace terway::log {
namespace {

spdlog::level::level_enum spdlog_level(Level level) {
    switch (level) {
        case Level::Debug:
            return spdlog::level::debug;
        case Level::Info:
            return spdlog::level::info;
        case Level::Warning:
            return spdlog::level::warn;
        case Level::Error:
            break;
    }
    return spdlog::level::err;
}

spdlog::logger& logger() {
    // Never destroyed: threads and destructors may log until the very end.
    static auto* const the_logger = [] {
        auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
        auto* made = new spdlog::logger("terway", std::move(sink));
        made->set_pattern("time=%Y-%m-%dT%H:%M:%S.%eZ level=%l %v", spdlog::pattern_time_type::utc);
        return made;
    }();
    return *the_logger;
}

// The fields of the scopes this thread is in, ready to be appended.
thread_local std::string scope_fields;

bool is_plain(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > ' ' && byte != 0x7f && c != '"' && c != '=' && c != '\\';
}

void append_escaped(std::string& line, char c) {
    static constexpr char kDigits[] = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
        line += '\\';
        line += c;
    } else if (c == '\n') {
        line += "\\n";
    } else if (c == '\t') {
        line += "\\t";
    } else if (byte < ' ' || byte == 0x7f) {
        line += "\\x";
        line += kDigits[byte >> 4U];
        line += kDigits[byte & 0xfU];
    } else {
        line += c;
    }
}

void append_value(std::string& line, std::string_view value) {
    if (!value.empty() && std::all_of(value.begin(), value.end(), is_plain)) {
        line += value;
        return;
    }
    line += '"';
    for (const char c : value) {
        append_escaped(line, c);
    }
    line += '"';
}

void append_fields(std::string& line, Fields fields) {
    for (const auto& field : fields) {
        line += ' ';
        line += field.key;
        line += '=';
        append_value(line, field.value);
    }
}

}  // namespace

void set_level(Level level) {
    logger().set_level(spdlog_level(level));
}

std::optional<Level> parse_level(std::string_view text) {
    if (text == "debug") {
        return Level::Debug;
    }
    if (text == "info") {
        return Level::Info;
    }
    if (text == "warning") {
        return Level::Warning;
    }
    if (text == "error") {
        return Level::Error;
    }
    return std::nullopt;
}

void write(Level level, std::string_view text, Fields fields) {
    if (!logger().should_log(spdlog_level(level))) {
        return;
    }
    std::string line = "msg=";
    append_value(line, text);
    line += scope_fields;
    append_fields(line, fields);
    logger().log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
}

Scope::Scope(Fields fields) : outer_size_(scope_fields.size()) {
    append_fields(scope_fields, fields);
}

Scope::~Scope() {
    scope_fields.resize(outer_size_);
}

}  // namespace terway::log
