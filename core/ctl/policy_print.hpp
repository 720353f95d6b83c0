// What became of cases, as text and as JSON. Pure.
#pragma once

#include <boost/json/value.hpp>
#include <string>

#include "policy/cases/evaluate.hpp"

namespace terway::ctl {

// The tables of every step, then every cell that is not as expected.
[[nodiscard]] std::string policy_text(const policy::Case& played, const policy::CaseResult& result,
                                      bool with_tables);

// [ {PROBE: {SOURCE: ROW}, "services": [..]} for each step ].
[[nodiscard]] boost::json::value policy_json(const policy::CaseResult& result);

}  // namespace terway::ctl
