// How terwayctl shows addresses and the cloud to a person. Pure.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace terway::ctl {

[[nodiscard]] std::string print_pool(const boost::json::value& answer, bool color);
// The pool within the status: one line, or a table of the CIDRs.
[[nodiscard]] std::string print_pool_line(const boost::json::value& pool, bool color);
[[nodiscard]] std::string print_mapping(const boost::json::value& answer, bool color);
[[nodiscard]] std::string print_metadata(const boost::json::value& answer, bool color);
[[nodiscard]] std::string print_cloud_calls(const boost::json::value& answer, bool color);

[[nodiscard]] std::string print_cloud_routes(const boost::json::value& answer, bool color);

}  // namespace terway::ctl
