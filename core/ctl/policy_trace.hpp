// terwayctl policy trace: what the rules say to packets, as it happens.
#pragma once

#include <boost/json/object.hpp>
#include <string>

namespace terway::ctl {

struct TraceQuestion {
    bool denied_only = false;
    std::string pod;  // "namespace/name"; empty: all
    bool as_json = false;
};

// Prints until it is interrupted or the daemon ends; only throws.
[[noreturn]] int follow_trace(const std::string& socket, const TraceQuestion& question);

// One line, of an object that daemon/policy_trace.hpp tells. Pure.
[[nodiscard]] std::string trace_line(const boost::json::object& verdict);

}  // namespace terway::ctl
