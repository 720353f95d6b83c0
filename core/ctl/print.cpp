#include "ctl/print.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <iomanip>
#include <sstream>
#include <vector>

#include "ctl/print_policy.hpp"
#include "ctl/print_pool.hpp"
#include "ctl/print_service.hpp"
#include "ctl/table.hpp"

namespace terway::ctl {
namespace {

namespace json = boost::json;

std::string pod_of(const json::value& endpoint) {
    const auto name = at(endpoint, "pod_name");
    return name.empty() ? "-" : at(endpoint, "pod_namespace") + "/" + name;
}

std::string short_id(const json::value& endpoint) {
    return at(endpoint, "container_id").substr(0, 12) + "/" + at(endpoint, "ifname");
}

std::string print_status(const json::value& answer, bool color) {
    std::string out = "terwayd " + at(answer, "version") + ", profile " + at(answer, "profile") +
                      " (" + at(answer, "profile_file") + "), up " + at(answer, "uptime_s") +
                      " s\n";
    out += answer.at("ready").as_bool() ? "ready\n" : "NOT READY: " + at(answer, "trouble") + "\n";
    const auto& states = answer.at("endpoints");
    out += "endpoints: " + at(states, "ready") + " ready, " + at(states, "adding") + " adding, " +
           at(states, "deleting") + " deleting\n";
    for (const auto& each : answer.at("fallbacks").as_array()) {
        out += "new pods get " + at(each, "to") + " in place of " + at(each, "from") + ": " +
               at(each, "reason") + "\n";
    }
    if (at(answer, "lost_calls") != "0") {
        out += "calls stuck in modules: " + at(answer, "lost_calls") + "\n";
    }
    return out + print_pool_line(answer.at("pool"), color);
}

// 12500000 -> "12.5M"
std::string short_number(const json::value& value) {
    auto number = value.to_number<double>();
    const char* unit = "";
    for (const char* next : {"k", "M", "G", "T"}) {
        if (number < 1000) {
            break;
        }
        number /= 1000;
        unit = next;
    }
    std::ostringstream out;
    out << std::setprecision(3) << number << unit;
    return out.str();
}

// "9.6M of 10M (htb), 12 dropped, 64k waiting"
std::string limit_of(const json::value& limit) {
    if (at(limit, "limit_bps") == "0") {
        return "-";
    }
    std::string out = short_number(limit.at("rate_bps")) + " of " +
                      short_number(limit.at("limit_bps")) + " (" + at(limit, "mode") + ")";
    if (at(limit, "drops") != "0") {
        out += ", " + short_number(limit.at("drops")) + " dropped";
    }
    if (at(limit, "backlog_bytes") != "0") {
        out += ", " + short_number(limit.at("backlog_bytes")) + "B waiting";
    }
    return out;
}

std::string print_endpoints(const json::value& answer, bool color) {
    const auto& endpoints = answer.as_array();
    const bool limited = std::any_of(endpoints.begin(), endpoints.end(), [](const auto& each) {
        return each.at("limits").is_object();
    });
    const bool ranked = std::any_of(endpoints.begin(), endpoints.end(),
                                    [](const auto& each) { return !at(each, "priority").empty(); });
    std::vector<Row> rows{{{"ENDPOINT", "POD", "STATE", "ADDRESSES", "HOST LINK", "NETWORK"}}};
    if (ranked) {
        rows.front().cells.emplace_back("PRIORITY");
    }
    if (limited) {
        rows.front().cells.insert(rows.front().cells.end(), {"TO POD bit/s", "FROM POD bit/s"});
    }
    for (const auto& each : endpoints) {
        Row row{{short_id(each), pod_of(each), at(each, "state"), at(each, "addresses"),
                 at(each, "host_ifname"), at(each, "network")}};
        if (ranked) {
            const auto priority = at(each, "priority");
            row.cells.push_back(priority.empty() ? "-" : priority);
        }
        if (limited) {
            const auto* limits = each.at("limits").if_object();
            for (const auto* direction : {"ingress", "egress"}) {
                row.cells.push_back(limits == nullptr ? "-" : limit_of(limits->at(direction)));
            }
        }
        rows.push_back(std::move(row));
    }
    return table(rows, color);
}

std::string print_modules(const json::value& answer, bool color) {
    std::vector<Row> rows{{{"MODULE", "VERSION", "KIND", "ABI"}}};
    for (const auto& each : answer.as_array()) {
        rows.push_back({{at(each, "id"), at(each, "version"), at(each, "kinds"), at(each, "abi")}});
    }
    return table(rows, color);
}

std::string print_preflight(const json::value& answer, bool color) {
    std::vector<Row> rows{{{"MODULE", "NEED", "OK", "FOUND", "FIX"}}};
    for (const auto& each : answer.as_array()) {
        rows.push_back(
            {{at(each, "module"), at(each, "need"), each.at("met").as_bool() ? "yes" : "NO",
              at(each, "found"), at(each, "fix")}});
    }
    return table(rows, color);
}

std::string print_check(const json::value& answer, bool color) {
    std::vector<Row> rows{{{"ENDPOINT", "POD", "OK", "TROUBLE"}}};
    for (const auto& each : answer.as_array()) {
        const bool ok = each.at("ok").as_bool();
        rows.push_back(
            {{short_id(each), pod_of(each), ok ? "yes" : "NO", at(each, "trouble")}, !ok});
    }
    return table(rows, color);
}

bool all(const json::value& answer, const char* key) {
    const auto& rows = answer.as_array();
    return std::all_of(rows.begin(), rows.end(),
                       [key](const json::value& row) { return row.at(key).as_bool(); });
}

bool always(const json::value& /*answer*/) {
    return true;
}

constexpr std::array<View, 15> kViews{{
    {"status", print_status,
     [](const json::value& answer) { return answer.at("ready").as_bool(); }},
    {"endpoints", print_endpoints, always},
    {"modules", print_modules, always},
    {"preflight", print_preflight, [](const json::value& answer) { return all(answer, "met"); }},
    {"check", print_check, [](const json::value& answer) { return all(answer, "ok"); }},
    {"pool", print_pool,
     [](const json::value& answer) { return answer.at("troubles").as_array().empty(); }},
    {"mapping", print_mapping, [](const json::value& answer) { return answer.at("ok").as_bool(); },
     1},
    {"metadata", print_metadata, always},
    {"cloud calls", print_cloud_calls, always},
    {"cloud routes", print_cloud_routes,
     [](const json::value& answer) { return answer.at("ok").as_bool(); }},
    {"policy list", print_policy_list,
     [](const json::value& answer) {
         return answer.at("synced").as_bool() && at(answer, "trouble").empty() &&
                answer.at("closed").as_array().empty();
     }},
    {"policy explain", print_policy_explain,
     [](const json::value& answer) { return !answer.at("defect").as_bool(); }, 3,
     View::Words::Needed},
    {"policy counters", print_policy_counters, always},
    {"service list", print_service_list, is_service_list_fine, 3, View::Words::Optional},
    {"service explain", print_service_explain, is_service_fine, 3, View::Words::Needed},
}};

}  // namespace

const View* find_view(std::string_view verb) {
    const auto found = std::find_if(kViews.begin(), kViews.end(), [verb](const View& view) {
        const bool has_words = verb.starts_with(std::string(view.verb) + " ");
        return (view.words != View::Words::Needed && verb == view.verb) ||
               (view.words != View::Words::None && has_words);
    });
    return found == kViews.end() ? nullptr : &*found;
}

}  // namespace terway::ctl
