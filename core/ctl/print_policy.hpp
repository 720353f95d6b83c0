// How terwayctl shows what is known of NetworkPolicies. Pure.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace terway::ctl {

[[nodiscard]] std::string print_policy_list(const boost::json::value& answer, bool color);
[[nodiscard]] std::string print_policy_explain(const boost::json::value& answer, bool color);
[[nodiscard]] std::string print_policy_counters(const boost::json::value& answer, bool color);

}  // namespace terway::ctl
