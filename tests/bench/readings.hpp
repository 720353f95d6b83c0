// What the kernel and a daemon say of themselves, read.
#pragma once

#include <optional>
#include <string>

namespace terway::bench {

// Of the text of /proc/PID/stat: user and system. Throws Error.
[[nodiscard]] double cpu_seconds_of(const std::string& stat);

// Of the text of /proc/PID/status: "VmRSS:   1234 kB" -> MiB. Throws Error.
[[nodiscard]] double mib_of(const std::string& status, const std::string& field);

// The value of the first metric of that name whose labels have `label` ("of=\"have\"") among them,
// in a page as Prometheus reads it.
[[nodiscard]] std::optional<double> metric_of(const std::string& page, const std::string& name,
                                              const std::string& label);

// GET by HTTP from a Unix socket; the answer with its header. Throws Error.
[[nodiscard]] std::string fetch_page(const std::string& socket, const std::string& target);

}  // namespace terway::bench
