#include "report.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <cmath>
#include <ctime>
#include <iomanip>
#include <sstream>

#include "base/file.hpp"

namespace terway::bench {
namespace {

namespace json = boost::json;

// Four significant digits; more would be noise.
double rounded(double value) {
    if (value == 0) {
        return 0;
    }
    const double scale = std::pow(10.0, 3 - std::floor(std::log10(std::abs(value))));
    return std::round(value * scale) / scale;
}

template <class Value>
json::value optional(const std::optional<Value>& value) {
    return value ? json::value(*value) : json::value(nullptr);
}

std::optional<double> rounded(const std::optional<double>& value) {
    return value ? std::optional(rounded(*value)) : std::nullopt;
}

std::string cell(const std::optional<double>& value) {
    if (!value) {
        return "-";
    }
    std::ostringstream out;
    out << std::fixed << std::setprecision(*value < 10 ? 3 : 1) << *value;
    return out.str();
}

std::string verdict(const Row& row) {
    const auto met = row.met();
    return !met ? "" : *met ? "met" : "MISSED";
}

std::string cpu_model() {
    std::istringstream lines(read_file("/proc/cpuinfo"));
    for (std::string line; std::getline(lines, line);) {
        if (line.rfind("model name", 0) == 0) {
            return line.substr(line.find(':') + 2);
        }
    }
    return "unknown";
}

}  // namespace

std::optional<double> Row::ratio() const {
    if (typical) {
        return typical;
    }
    return against && *against > 0 ? std::optional(value / *against) : std::nullopt;
}

std::optional<bool> Row::met() const {
    return goal ? std::optional(ratio().value_or(value) <= *goal) : std::nullopt;
}

Machine Machine::here() {
    Machine machine;
    utsname system{};
    ::uname(&system);
    const auto now = std::time(nullptr);
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    std::ostringstream date;
    date << std::put_time(&utc, "%Y-%m-%dT%H:%M:%SZ");
    machine.cpu = cpu_model();
    machine.kernel = system.release;
    machine.cores = static_cast<unsigned>(::sysconf(_SC_NPROCESSORS_ONLN));
    machine.date = date.str();
    machine.load = read_file("/proc/loadavg");
    machine.load.resize(machine.load.find_last_of(' '));
    return machine;
}

std::string table(const std::vector<Row>& rows) {
    std::ostringstream out;
    std::size_t width = 36;
    for (const auto& row : rows) {
        width = std::max(width, row.name.size() + 1);
    }
    const auto line = [&](const std::string& name, const std::string& value,
                          const std::string& unit, const std::string& against,
                          const std::string& ratio, const std::string& goal,
                          const std::string& end) {
        out << std::left << std::setw(static_cast<int>(width)) << name << std::right
            << std::setw(10) << value << " " << std::left << std::setw(6) << unit << std::right
            << std::setw(10) << against << std::setw(9) << ratio << std::setw(9) << goal
            << (end.empty() ? "" : "  " + end) << "\n";
    };
    line("row", "ours", "unit", "against", "ratio", "goal", "");
    for (const auto& row : rows) {
        line(row.name, cell(row.value), row.unit, cell(row.against), cell(row.ratio()),
             cell(row.goal), verdict(row));
    }
    return out.str();
}

std::string to_json(const Machine& machine, const std::vector<Row>& rows) {
    json::array list;
    for (const auto& row : rows) {
        list.push_back(json::object{{"name", row.name},
                                    {"value", rounded(row.value)},
                                    {"unit", row.unit},
                                    {"against", optional(rounded(row.against))},
                                    {"ratio", optional(rounded(row.ratio()))},
                                    {"goal", optional(row.goal)},
                                    {"met", optional(row.met())}});
    }
    return json::serialize(json::object{{"machine", json::object{{"cpu", machine.cpu},
                                                                 {"kernel", machine.kernel},
                                                                 {"cores", machine.cores},
                                                                 {"date", machine.date},
                                                                 {"load", machine.load}}},
                                        {"rows", std::move(list)}}) +
           "\n";
}

}  // namespace terway::bench
