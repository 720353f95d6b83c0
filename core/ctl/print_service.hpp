// How terwayctl shows answers about Services. Pure.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace terway::ctl {

[[nodiscard]] std::string print_service_list(const boost::json::value& answer, bool color);
[[nodiscard]] std::string print_service_explain(const boost::json::value& answer, bool color);

// Modules have what they are to have.
[[nodiscard]] bool is_service_list_fine(const boost::json::value& answer);
// Every address leads somewhere.
[[nodiscard]] bool is_service_fine(const boost::json::value& answer);

}  // namespace terway::ctl
