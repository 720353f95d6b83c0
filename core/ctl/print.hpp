// How terwayctl shows an answer to a person. Pure.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

namespace terway::ctl {

struct View {
    std::string_view verb;
    // `color`: whether the reader is a terminal.
    std::string (*print)(const boost::json::value& answer, bool color);
    // Whether the answer says that all is well; decides the exit status.
    bool (*fine)(const boost::json::value& answer);
    int trouble = 3;           // the exit status when it does not
    bool takes_words = false;  // further ones follow the verb
};

// Null for a verb terwayctl does not have.
[[nodiscard]] const View* find_view(std::string_view verb);

}  // namespace terway::ctl
