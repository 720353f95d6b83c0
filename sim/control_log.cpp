#include "sim/control_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>

namespace terway::sim {
namespace {

namespace json = boost::json;

std::string serialized(const json::value& value) {
    return json::serialize(value) + "\n";
}

std::string calls_text(const CallLog& log) {
    std::string text = fmt::format("{:<36} {:>7} {:>7}  {}\n", "ACTION", "CALLS", "OK", "FAILED");
    for (const auto& [action, count] : log.counts()) {
        std::string failed;
        for (const auto& [outcome, times] : count.failed) {
            failed += fmt::format("{}{} {}", failed.empty() ? "" : ", ", times, outcome);
        }
        text += fmt::format("{:<36} {:>7} {:>7}  {}\n", action, count.total, count.ok, failed);
    }
    return text + fmt::format("{} calls, {} of them mutating\n", log.total(), log.mutating());
}

json::object calls_json(const CallLog& log) {
    json::object actions;
    for (const auto& [action, count] : log.counts()) {
        actions[action] = {{"calls", count.total},
                           {"ok", count.ok},
                           {"mutating", count.mutating},
                           {"failed", json::value_from(count.failed)}};
    }
    json::array entries;
    for (const auto& entry : log.entries()) {
        entries.push_back(json::object{{"time", entry.at.time_since_epoch().count()},
                                       {"product", entry.product},
                                       {"action", entry.action},
                                       {"caller", entry.caller},
                                       {"token", entry.token},
                                       {"resource", entry.resource},
                                       {"outcome", entry.outcome},
                                       {"mutating", entry.mutating}});
    }
    return {{"total", log.total()},
            {"mutating", log.mutating()},
            {"actions", actions},
            {"entries", entries}};
}

FaultRule rule_of(const Arguments& arguments, const std::vector<std::string>& kinds) {
    FaultRule rule;
    rule.action = arguments.positional(1, "the action (a pattern such as Attach*)");
    const std::string kind = arguments.text("kind", "error");
    rule.kind = FaultRule::kind_named(kind);
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
        throw Error(Status::Invalid, "fault kind " + kind + ": is not known to this API");
    }
    rule.code = arguments.text("code", rule.code);
    rule.status = arguments.number("status", rule.status);
    rule.message = arguments.text("message", "");
    rule.after = arguments.number("after", 0);
    rule.times = arguments.number("times", arguments.has("once") ? 1 : 0);
    rule.delay = Range::parse(arguments.text("delay", "0ms")).most;
    rule.retry_after = Range::parse(arguments.text("retry-after", "0ms")).most;
    if (arguments.has("rate")) {
        try {
            rule.rate = std::stod(arguments.text("rate", "1"));
        } catch (const std::exception&) {
            throw Error(Status::Invalid, "option --rate needs a number from 0 to 1");
        }
    }
    if (arguments.has("for")) {
        rule.lasting = Range::parse(arguments.text("for", "")).most;
    }
    for (const auto& condition : arguments.all("where")) {
        const auto equals = condition.find('=');
        if (equals == std::string::npos) {
            throw Error(Status::Invalid, "option --where needs PARAMETER=PATTERN");
        }
        rule.where.emplace(condition.substr(0, equals), condition.substr(equals + 1));
    }
    return rule;
}

std::string fault_list(const Faults& faults, bool as_json) {
    json::array list;
    std::string text =
        fmt::format("{:>3} {:<34} {:<6} {:<36} {:>6}\n", "ID", "ACTION", "KIND", "CODE", "STRUCK");
    for (const auto& entry : faults.list()) {
        const auto kind = FaultRule::name_of(entry.rule.kind);
        list.push_back(json::object{{"id", entry.id},
                                    {"action", entry.rule.action},
                                    {"kind", kind},
                                    {"code", entry.rule.code},
                                    {"status", entry.rule.status},
                                    {"rate", entry.rule.rate},
                                    {"seen", entry.seen},
                                    {"struck", entry.struck}});
        text += fmt::format("{:>3} {:<34} {:<6} {:<36} {:>6}\n", entry.id, entry.rule.action, kind,
                            kind == "error" ? entry.rule.code : "", entry.struck);
    }
    return as_json ? serialized(list) : text;
}

}  // namespace

std::string control_calls(CallLog& log, const Words& words) {
    const Arguments arguments(words, {{"json", false}, {"reset", false}});
    std::string text = arguments.has("json") ? serialized(calls_json(log)) : calls_text(log);
    if (arguments.has("reset")) {
        log.reset();
    }
    return text;
}

std::string control_fault(Faults& faults, const Words& words, WallTime now,
                          const std::vector<std::string>& kinds) {
    const Arguments arguments(words, {{"json", false},
                                      {"once", false},
                                      {"kind", true},
                                      {"code", true},
                                      {"status", true},
                                      {"message", true},
                                      {"after", true},
                                      {"times", true},
                                      {"delay", true},
                                      {"rate", true},
                                      {"for", true},
                                      {"retry-after", true},
                                      {"where", true}});
    const std::string& verb = arguments.positional(0, "add, list or clear");
    if (verb == "add") {
        return fmt::format("fault {}\n", faults.add(rule_of(arguments, kinds), now));
    }
    if (verb == "list") {
        return fault_list(faults, arguments.has("json"));
    }
    if (verb != "clear") {
        throw Error(Status::Invalid, "fault " + verb + ": is none of add, list, clear");
    }
    if (arguments.rest().size() < 2) {
        faults.clear();
    } else if (!faults.remove(std::atoi(arguments.rest()[1].c_str()))) {
        throw Error(Status::Gone, "fault " + arguments.rest()[1] + ": does not exist");
    }
    return "";
}

}  // namespace terway::sim
