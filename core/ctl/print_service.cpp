#include "ctl/print_service.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <vector>

#include "ctl/table.hpp"

namespace terway::ctl {
namespace {

namespace json = boost::json;

std::string heading_of(const json::value& answer) {
    std::string out;
    if (!answer.at("synced").as_bool()) {
        out += "the API server has not told of all Services yet\n";
    }
    if (const auto trouble = at(answer, "trouble"); !trouble.empty()) {
        out += trouble + "\n";
    }
    return out;
}

bool is_ready(const json::value& endpoint) {
    return endpoint.at("state").is_string() && endpoint.at("state").as_string() == "ready";
}

bool leads_somewhere(const json::value& frontend) {
    const auto& endpoints = frontend.at("endpoints").as_array();
    return at(frontend, "lost_to").empty() &&
           std::any_of(endpoints.begin(), endpoints.end(), is_ready);
}

std::string line_of(const json::value& frontend) {
    std::string line = "  " + at(frontend, "frontend") + " (" + at(frontend, "origin") + ")";
    if (const auto lost = at(frontend, "lost_to"); !lost.empty()) {
        line += ": belongs to Service " + lost + ", which goes first";
    } else if (!leads_somewhere(frontend)) {
        line += at(frontend, "without_backends") == "drop" ? ": connections are dropped"
                                                           : ": connections are refused";
    }
    return line + "\n";
}

std::string endpoints_of(const json::value& frontend, bool color) {
    std::vector<Row> rows{{{"    ENDPOINT", "NODE", "BACKEND", "WHY"}}};
    for (const auto& each : frontend.at("endpoints").as_array()) {
        rows.push_back(
            {{"    " + at(each, "endpoint"), at(each, "node"),
              each.at("state").is_null() ? "no" : at(each, "state"), at(each, "reason")}});
    }
    return rows.size() == 1 ? "    no endpoint\n" : table(rows, color);
}

// Addresses that lead to the same endpoints have one table.
std::string port_text(const json::value& port, bool color) {
    std::string out = "port " + at(port, "port") + "\n";
    const auto& frontends = port.at("frontends").as_array();
    for (std::size_t i = 0; i < frontends.size(); ++i) {
        out += line_of(frontends[i]);
        const bool is_last = i + 1 == frontends.size();
        if (is_last || frontends[i].at("endpoints") != frontends[i + 1].at("endpoints")) {
            out += endpoints_of(frontends[i], color);
        }
    }
    return out;
}

}  // namespace

std::string print_service_list(const json::value& answer, bool color) {
    std::string out = heading_of(answer);
    for (const auto& each : answer.at("modules").as_array()) {
        if (at(each, "want") != at(each, "have")) {
            out += "module " + at(each, "module") + " is behind: it has revision " +
                   at(each, "have") + " of " + at(each, "want") + "\n";
        }
    }
    std::vector<Row> rows{{{"SERVICE", "FRONTENDS", "READY", "DRAINING"}}};
    for (const auto& each : answer.at("services").as_array()) {
        rows.push_back(
            {{at(each, "service"), at(each, "frontends"), at(each, "ready"), at(each, "draining")},
             at(each, "ready") == "0"});
    }
    out += table(rows, color);
    if (const auto left_out = at(answer, "left_out"); left_out != "0") {
        out += left_out + " more; name a namespace to see its own\n";
    }
    return out;
}

std::string print_service_explain(const json::value& answer, bool color) {
    std::string out = heading_of(answer) + "Service " + at(answer, "service");
    if (const auto ignored = at(answer, "ignored"); !ignored.empty()) {
        return out + " " + ignored + ": nothing is done for it\n";
    }
    out += "\n";
    if (at(answer, "internal_traffic") == "Local") {
        out += "its cluster IPs lead to endpoints of this node only (internalTrafficPolicy)\n";
    }
    if (const auto seconds = at(answer, "affinity_s"); seconds != "0") {
        out += "a client keeps its endpoint for " + seconds + " s\n";
    }
    if (answer.at("publishes_not_ready").as_bool()) {
        out += "endpoints count as ready whether they are or not (publishNotReadyAddresses)\n";
    }
    for (const auto& each : answer.at("ports").as_array()) {
        out += port_text(each, color);
    }
    for (const auto& each : answer.at("remarks").as_array()) {
        out += text(each) + "\n";
    }
    return out;
}

bool is_service_list_fine(const json::value& answer) {
    const auto& modules = answer.at("modules").as_array();
    return answer.at("synced").as_bool() && at(answer, "trouble").empty() &&
           std::all_of(modules.begin(), modules.end(),
                       [](const auto& each) { return each.at("want") == each.at("have"); });
}

bool is_service_fine(const json::value& answer) {
    const auto& ports = answer.at("ports").as_array();
    return std::all_of(ports.begin(), ports.end(), [](const json::value& port) {
        const auto& frontends = port.at("frontends").as_array();
        return std::all_of(frontends.begin(), frontends.end(), leads_somewhere);
    });
}

}  // namespace terway::ctl
