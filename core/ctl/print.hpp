// How terwayctl shows an answer to a person. Pure.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace terway::ctl {

struct View {
    std::string_view verb;
    // `color`: whether the reader is a terminal.
    std::string (*print)(const boost::json::value& answer, bool color);
    // Whether the answer says that all is well; decides the exit status.
    bool (*fine)(const boost::json::value& answer);
    int trouble = 3;  // the exit status when it does not
    enum class Words : std::uint8_t { None, Optional, Needed };
    Words words = Words::None;  // that follow the verb
};

// Null for a verb terwayctl does not have.
[[nodiscard]] const View* find_view(std::string_view verb);

}  // namespace terway::ctl
