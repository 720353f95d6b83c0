#include "ctl/print_pool.hpp"

#include <boost/json.hpp>
#include <cstdio>
#include <map>

#include "ctl/table.hpp"

namespace terway::ctl {
namespace {

namespace json = boost::json;

std::string or_dash(std::string text) {
    return text.empty() ? "-" : text;
}

std::string cidrs(const json::value& answer, bool color) {
    std::vector<Row> rows{{{"POD CIDR", "TOTAL", "USED", "COOLING", "FREE"}}};
    for (const auto& cidr : answer.at("cidrs").as_array()) {
        rows.push_back({{at(cidr, "cidr"), at(cidr, "total"), at(cidr, "used"), at(cidr, "cooling"),
                         at(cidr, "free")},
                        at(cidr, "free") == "0"});
    }
    return table(rows, color);
}

// "12 used, 3 idle, 1 cooling"
std::string summary(const json::array& addresses) {
    std::map<std::string, int> states;
    for (const auto& each : addresses) {
        ++states[at(each, "state")];
    }
    std::string out;
    for (const auto& [state, count] : states) {
        out += (out.empty() ? "" : ", ") + std::to_string(count) + " " + state;
    }
    return out.empty() ? "no addresses" : out;
}

std::string eni(const json::value& eni, bool color) {
    const auto& addresses = eni.at("addresses").as_array();
    std::string out = at(eni, "id") + "  " + at(eni, "mac") + "  " + at(eni, "state") + "  " +
                      at(eni, "vswitch") + "  " + (eni.at("exclusive").as_bool() ? "whole, " : "") +
                      summary(addresses) + "\n";
    if (const auto reason = at(eni, "reason"); !reason.empty()) {
        out += "  " + reason + "\n";
    }
    if (const auto prefixes = at(eni, "prefixes"); !prefixes.empty()) {
        out += "  prefixes " + prefixes + "\n";
    }
    if (addresses.empty()) {
        return out;
    }
    std::vector<Row> rows{{{"  ADDRESS", "STATE", "OWNER"}}};
    for (const auto& each : addresses) {
        const auto state = at(each, "state");
        rows.push_back(
            {{"  " + at(each, "address"), state, or_dash(at(each, "owner"))}, state == "missing"});
    }
    return out + table(rows, color);
}

std::string seconds(const json::value& value) {
    char text[32];
    (void)std::snprintf(text, sizeof text, "%.2f s", value.to_number<double>());
    return text;
}

}  // namespace

std::string print_pool_line(const json::value& pool, bool color) {
    std::string out;
    if (const auto& whole = pool.at("exclusive_enis"); !whole.is_null()) {
        out += "ENIs for one pod alone: " + at(whole, "allocated") + " allocated, " +
               at(whole, "warm") + " warm, " + at(whole, "capacity") + " at most\n";
    }
    if (!pool.at("cidrs").as_array().empty()) {
        return cidrs(pool, color) + out;
    }
    return out + "addresses: " + at(pool, "used") + " in use, " + at(pool, "idle") + " idle, " +
           at(pool, "capacity") + " at most, on " +
           std::to_string(pool.at("enis").as_array().size()) +
           " ENIs; waiting: " + or_dash(at(pool, "waiting")) + "\n";
}

std::string print_pool(const json::value& answer, bool color) {
    std::string out = print_pool_line(answer, color);
    for (const auto& trouble : answer.at("troubles").as_array()) {
        out += "! " + text(trouble) + "\n";
    }
    for (const auto& each : answer.at("enis").as_array()) {
        out += "\n" + eni(each, color);
    }
    return out;
}

std::string print_mapping(const json::value& answer, bool color) {
    std::vector<Row> rows{{{"POD", "ENDPOINT", "ADDRESS", "ENI", "POOL", "KERNEL", "CLOUD"}}};
    for (const auto& each : answer.at("rows").as_array()) {
        rows.push_back(
            {{or_dash(at(each, "pod")), or_dash(at(each, "endpoint")), at(each, "address"),
              or_dash(at(each, "eni")), at(each, "pool"), at(each, "kernel"), at(each, "cloud")},
             !each.at("ok").as_bool()});
    }
    const auto trouble = at(answer, "trouble");
    return table(rows, color) + (trouble.empty() ? "" : "! " + trouble + "\n");
}

std::string print_metadata(const json::value& answer, bool color) {
    std::vector<Row> rows{{{"PATH", "VALUE"}}};
    for (const auto& each : answer.as_array()) {
        rows.push_back({{at(each, "path"), at(each, "value")}});
    }
    return table(rows, color);
}

std::string print_cloud_calls(const json::value& answer, bool color) {
    std::vector<Row> rows{{{"ACTION", "CALLS", "FAILED", "MEAN", "OUTCOMES", "LAST ERROR"}}};
    for (const auto& each : answer.as_array()) {
        std::string outcomes;
        for (const auto& [code, count] : each.at("outcomes").as_object()) {
            outcomes += (outcomes.empty() ? "" : ", ") + std::string(code) + " " + text(count);
        }
        rows.push_back({{at(each, "action"), at(each, "calls"), at(each, "failed"),
                         seconds(each.at("mean_s")), outcomes, or_dash(at(each, "last_error"))}});
    }
    return table(rows, color);
}

std::string print_cloud_routes(const json::value& answer, bool color) {
    std::vector<Row> rows{{{"POD CIDR", "ROUTE TABLE", "STATE"}}};
    for (const auto& each : answer.at("routes").as_array()) {
        rows.push_back({{at(each, "cidr"), or_dash(at(answer, "table")), at(each, "text")},
                        !each.at("in_place").as_bool()});
    }
    const auto trouble = at(answer, "trouble");
    return table(rows, color) + (trouble.empty() ? "" : "! " + trouble + "\n");
}

}  // namespace terway::ctl
