// What a command of terwayctl is told to read.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <string>

#include "base/file.hpp"

namespace terway::ctl {

struct Input {
    std::string name;  // for complaints
    std::string text;
};

// A file, or standard input for "-"; `limit` in bytes. Throws Error.
[[nodiscard]] inline Input read_input(const std::string& file, std::size_t limit) {
    if (file == "-") {
        const std::string name = "standard input";
        return {name, read_all(STDIN_FILENO, name, limit)};
    }
    return {file, read_file(file, limit)};
}

}  // namespace terway::ctl
