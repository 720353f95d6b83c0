#include "ctl/policy_print.hpp"

#include <algorithm>
#include <boost/json.hpp>

namespace terway::ctl {
namespace {

namespace json = boost::json;

using policy::Backends;
using policy::Table;

std::string padded(const std::string& text, std::size_t width) {
    return text + std::string(width - std::min(width, text.size()), ' ');
}

// The number of a row is that of its column.
std::string print(const Table& table) {
    std::size_t width = 0;
    for (const auto& [source, _] : table) {
        width = std::max(width, source.size());
    }
    std::string text;
    for (std::size_t i = 0; i < table.size(); ++i) {
        const auto number = std::to_string(i + 1);
        text += "    " + std::string(3 - std::min<std::size_t>(3, number.size()), ' ') + number +
                " " + padded(table[i].first, width) + "  " + table[i].second + "\n";
    }
    return text;
}

std::string print(const Backends& backends) {
    std::string text;
    for (const auto& [backend, verdict] : backends) {
        text += "    " + backend + "  " + verdict + "\n";
    }
    return text;
}

std::string print(const policy::Case& played, const policy::StepResult& step, std::size_t number) {
    std::string text;
    for (const auto& [probe, table] : step.tables) {
        text += "  step " + std::to_string(number) + " " + probe + "\n" + print(table);
    }
    for (std::size_t i = 0; i < step.services.size(); ++i) {
        const auto& probe = played.service_probes[i];
        text += "  step " + std::to_string(number) + " service " + std::to_string(i) + ": " +
                probe.from + " -> " + probe.service.text() + " ";
        text.append(policy::name_of(probe.protocol)) += "/" + std::to_string(probe.port) + "\n";
        text += print(step.services[i]);
    }
    return text;
}

}  // namespace

std::string policy_text(const policy::Case& played, const policy::CaseResult& result,
                        bool with_tables) {
    const bool expects = std::any_of(played.steps.begin(), played.steps.end(), [](const auto& s) {
        return !s.expected.empty() || !s.expected_services.empty();
    });
    const std::string verdict = !result.is_fine() ? "WRONG" : expects ? "ok" : "played";
    std::string text = padded(verdict, 6) + " " + played.id;
    text += (played.title.empty() ? "" : ": " + played.title) + "\n";
    if (with_tables) {
        for (std::size_t step = 0; step < result.steps.size(); ++step) {
            text += print(played, result.steps[step], step);
        }
    }
    for (const auto& difference : result.differences) {
        text += "  " + played.id + " " + difference.text() + "\n";
    }
    if (!result.complaint.empty()) {
        text += "  " + result.complaint + "\n";
    }
    return text;
}

boost::json::value policy_json(const policy::CaseResult& result) {
    json::array steps;
    for (const auto& step : result.steps) {
        json::object out;
        for (const auto& [probe, table] : step.tables) {
            auto& rows = out[probe].emplace_object();
            for (const auto& [source, row] : table) {
                rows[source] = row;
            }
        }
        if (!step.services.empty()) {
            auto& services = out["services"].emplace_array();
            for (const auto& backends : step.services) {
                auto& verdicts = services.emplace_back(json::object()).get_object();
                for (const auto& [backend, verdict] : backends) {
                    verdicts[backend] = std::string(1, verdict);
                }
            }
        }
        steps.push_back(std::move(out));
    }
    return steps;
}

}  // namespace terway::ctl
