#include "ctl/print.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <vector>

namespace terway::ctl {
namespace {

namespace json = boost::json;
using Row = std::vector<std::string>;

std::string text(const json::value& value) {
    if (const auto* string = value.if_string()) {
        return std::string(*string);
    }
    if (const auto* array = value.if_array()) {
        std::string all;
        for (const auto& each : *array) {
            all += (all.empty() ? "" : ",") + text(each);
        }
        return all;
    }
    return json::serialize(value);
}

std::string at(const json::value& object, const char* key) {
    return text(object.at(key));
}

std::string table(std::vector<Row> rows) {
    std::vector<std::size_t> widths(rows.front().size());
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], row[i].size());
        }
    }
    std::string out;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
    }
    return out;
}

std::string pod_of(const json::value& endpoint) {
    const auto name = at(endpoint, "pod_name");
    return name.empty() ? "-" : at(endpoint, "pod_namespace") + "/" + name;
}

std::string short_id(const json::value& endpoint) {
    return at(endpoint, "container_id").substr(0, 12) + "/" + at(endpoint, "ifname");
}

std::string print_status(const json::value& answer) {
    std::string out = "terwayd " + at(answer, "version") + ", profile " + at(answer, "profile") +
                      " (" + at(answer, "profile_file") + "), up " + at(answer, "uptime_s") +
                      " s\n";
    out += answer.at("ready").as_bool() ? "ready\n" : "NOT READY: " + at(answer, "trouble") + "\n";
    const auto& states = answer.at("endpoints");
    out += "endpoints: " + at(states, "ready") + " ready, " + at(states, "adding") + " adding, " +
           at(states, "deleting") + " deleting\n";
    if (at(answer, "lost_calls") != "0") {
        out += "calls stuck in modules: " + at(answer, "lost_calls") + "\n";
    }
    std::vector<Row> rows{{"POD CIDR", "TOTAL", "USED", "COOLING", "FREE"}};
    for (const auto& cidr : answer.at("pool").as_array()) {
        rows.push_back({at(cidr, "cidr"), at(cidr, "total"), at(cidr, "used"), at(cidr, "cooling"),
                        at(cidr, "free")});
    }
    return out + table(std::move(rows));
}

std::string print_endpoints(const json::value& answer) {
    std::vector<Row> rows{{"ENDPOINT", "POD", "STATE", "ADDRESSES", "HOST LINK", "NETWORK"}};
    for (const auto& each : answer.as_array()) {
        rows.push_back({short_id(each), pod_of(each), at(each, "state"), at(each, "addresses"),
                        at(each, "host_ifname"), at(each, "network")});
    }
    return table(std::move(rows));
}

std::string print_modules(const json::value& answer) {
    std::vector<Row> rows{{"MODULE", "VERSION", "KIND", "ABI"}};
    for (const auto& each : answer.as_array()) {
        rows.push_back({at(each, "id"), at(each, "version"), at(each, "kinds"), at(each, "abi")});
    }
    return table(std::move(rows));
}

std::string print_preflight(const json::value& answer) {
    std::vector<Row> rows{{"MODULE", "NEED", "OK", "FOUND", "FIX"}};
    for (const auto& each : answer.as_array()) {
        rows.push_back({at(each, "module"), at(each, "need"),
                        each.at("met").as_bool() ? "yes" : "NO", at(each, "found"),
                        at(each, "fix")});
    }
    return table(std::move(rows));
}

std::string print_check(const json::value& answer) {
    std::vector<Row> rows{{"ENDPOINT", "POD", "OK", "TROUBLE"}};
    for (const auto& each : answer.as_array()) {
        rows.push_back({short_id(each), pod_of(each), each.at("ok").as_bool() ? "yes" : "NO",
                        at(each, "trouble")});
    }
    return table(std::move(rows));
}

bool all(const json::value& answer, const char* key) {
    const auto& rows = answer.as_array();
    return std::all_of(rows.begin(), rows.end(),
                       [key](const json::value& row) { return row.at(key).as_bool(); });
}

bool always(const json::value& /*answer*/) {
    return true;
}

constexpr std::array<View, 5> kViews{{
    {"status", print_status,
     [](const json::value& answer) { return answer.at("ready").as_bool(); }},
    {"endpoints", print_endpoints, always},
    {"modules", print_modules, always},
    {"preflight", print_preflight, [](const json::value& answer) { return all(answer, "met"); }},
    {"check", print_check, [](const json::value& answer) { return all(answer, "ok"); }},
}};

}  // namespace

const View* find_view(std::string_view verb) {
    const auto found = std::find_if(kViews.begin(), kViews.end(),
                                    [verb](const View& view) { return view.verb == verb; });
    return found == kViews.end() ? nullptr : &*found;
}

}  // namespace terway::ctl
