#include "sim/control.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <map>

#include "sim/cloud/actions.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

namespace json = boost::json;

// "--name value" and "--flag" taken out of the words, in any order; the rest is positional.
class Arguments {
public:
    Arguments(const Words& words, const std::map<std::string, bool>& known) {
        for (std::size_t at = 1; at < words.size(); ++at) {
            const std::string& word = words[at];
            if (!word.starts_with("--")) {
                rest_.push_back(word);
                continue;
            }
            const auto equals = word.find('=');
            const std::string name = word.substr(2, equals - 2);
            const auto option = known.find(name);
            if (option == known.end()) {
                throw Error(Status::Invalid, "unknown option --" + name);
            }
            std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
            if (option->second && equals == std::string::npos) {
                if (++at == words.size()) {
                    throw Error(Status::Invalid, "option --" + name + " needs a value");
                }
                value = words[at];
            }
            options_.emplace(name, value);
        }
    }

    [[nodiscard]] bool has(const std::string& name) const { return options_.contains(name); }
    [[nodiscard]] std::string text(const std::string& name, const std::string& fallback) const {
        const auto found = options_.find(name);
        return found == options_.end() ? fallback : found->second;
    }
    [[nodiscard]] Words all(const std::string& name) const {
        Words values;
        const auto [begin, end] = options_.equal_range(name);
        for (auto next = begin; next != end; ++next) {
            values.push_back(next->second);
        }
        return values;
    }
    [[nodiscard]] unsigned number(const std::string& name, unsigned fallback) const {
        try {
            return has(name) ? static_cast<unsigned>(std::stoul(text(name, ""))) : fallback;
        } catch (const std::exception&) {
            throw Error(Status::Invalid, "option --" + name + " needs a number");
        }
    }
    [[nodiscard]] const Words& rest() const noexcept { return rest_; }
    [[nodiscard]] const std::string& positional(std::size_t at, const std::string& what) const {
        if (at >= rest_.size()) {
            throw Error(Status::Invalid, what + " is missing");
        }
        return rest_[at];
    }

private:
    std::multimap<std::string, std::string> options_;
    Words rest_;
};

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

std::string calls(Cloud& cloud, const Words& words) {
    const Arguments arguments(words, {{"json", false}, {"reset", false}});
    std::string text =
        arguments.has("json") ? serialized(calls_json(cloud.calls())) : calls_text(cloud.calls());
    if (arguments.has("reset")) {
        cloud.calls().reset();
    }
    return text;
}

std::string enis(Cloud& cloud, const Words& words) {
    const Arguments arguments(words, {{"json", false}});
    json::array list;
    std::string text = fmt::format("{:<18} {:<10} {:<16} {:<17} {}\n", "ENI", "STATUS", "INSTANCE",
                                   "MAC", "ADDRESSES");
    for (const auto& [id, view] : cloud.enis().now()) {
        list.push_back(eni_object(cloud, *view));
        std::string owned;
        for (const auto& address : view->eni.addresses()) {
            owned += address.text() + " ";
        }
        for (const auto& prefix : view->eni.prefixes) {
            owned += prefix.text() + " ";
        }
        text += fmt::format("{:<18} {:<10} {:<16} {:<17} {}\n", id, name_of(view->record.status),
                            view->record.instance, view->eni.mac.text(), owned);
    }
    return arguments.has("json") ? serialized(list) : text;
}

FaultRule rule_of(const Arguments& arguments) {
    FaultRule rule;
    rule.action = arguments.positional(1, "the action (a pattern such as Attach*)");
    rule.kind = FaultRule::kind_named(arguments.text("kind", "error"));
    rule.code = arguments.text("code", rule.code);
    rule.status = arguments.number("status", rule.status);
    rule.message = arguments.text("message", "");
    rule.after = arguments.number("after", 0);
    rule.times = arguments.number("times", arguments.has("once") ? 1 : 0);
    rule.delay = Range::parse(arguments.text("delay", "0ms")).most;
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

std::string fault(Cloud& cloud, const Words& words, WallTime now) {
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
                                      {"where", true}});
    const std::string& verb = arguments.positional(0, "add, list or clear");
    if (verb == "add") {
        return fmt::format("fault {}\n", cloud.faults().add(rule_of(arguments), now));
    }
    if (verb == "list") {
        return fault_list(cloud.faults(), arguments.has("json"));
    }
    if (verb != "clear") {
        throw Error(Status::Invalid, "fault " + verb + ": is none of add, list, clear");
    }
    if (arguments.rest().size() < 2) {
        cloud.faults().clear();
    } else if (!cloud.faults().remove(std::atoi(arguments.rest()[1].c_str()))) {
        throw Error(Status::Gone, "fault " + arguments.rest()[1] + ": does not exist");
    }
    return "";
}

std::string set(Cloud& cloud, const Words& words) {
    const Arguments arguments(words, {{"json", false}});
    for (const auto& word : arguments.rest()) {
        const auto equals = word.find('=');
        if (equals == std::string::npos) {
            throw Error(Status::Invalid, "setting " + word + ": write KEY=VALUE");
        }
        cloud.settings().set(word.substr(0, equals), word.substr(equals + 1));
    }
    json::object object;
    std::string text;
    for (const auto& [key, value] : cloud.settings().list()) {
        object[key] = value;
        text += fmt::format("{} = {}\n", key, value);
    }
    return arguments.has("json") ? serialized(object) : text;
}

Given given_of(const Words& words, std::size_t from) {
    Given what;
    for (std::size_t at = from; at < words.size(); ++at) {
        if (const auto address = IpAddress::parse(words[at])) {
            what.addresses.push_back(*address);
        } else if (const auto prefix = Prefix::parse(words[at])) {
            what.prefixes.push_back(*prefix);
        } else {
            throw Error(Status::Invalid, words[at] + ": is neither an address nor a prefix");
        }
    }
    return what;
}

std::string eni(Cloud& cloud, const Words& words, WallTime now) {
    const Arguments arguments(words, {});
    const std::string& verb = arguments.positional(0, "detach, delete or unassign");
    const std::string& id = arguments.positional(1, "the ENI");
    if (verb == "detach") {
        cloud.enis().tear_off(id, now);
    } else if (verb == "delete") {
        cloud.enis().destroy(id, now);
    } else if (verb == "unassign") {
        cloud.enis().take_away(id, given_of(arguments.rest(), 2), now);
    } else {
        throw Error(Status::Invalid, "eni " + verb + ": is none of detach, delete, unassign");
    }
    return "";
}

std::string vswitch(Cloud& cloud, const Words& words) {
    const Arguments arguments(words, {{"leave", true}});
    const std::string& verb = arguments.positional(0, "drain or refill");
    const std::string& id = arguments.positional(1, "the vSwitch");
    (void)cloud.model().vswitch(id);
    if (verb == "drain") {
        cloud.enis().drain(id, arguments.number("leave", 0));
    } else if (verb == "refill") {
        cloud.enis().refill(id);
    } else {
        throw Error(Status::Invalid, "vswitch " + verb + ": is neither drain nor refill");
    }
    return fmt::format("vSwitch {}: {} addresses left\n", id, cloud.enis().available(id));
}

std::string routes(Cloud& cloud, const Words& words) {
    const Arguments arguments(words, {{"json", false}});
    json::array list;
    std::string text =
        fmt::format("{:<12} {:<24} {:<20} {}\n", "ENTRY", "DESTINATION", "NEXT HOP", "STATUS");
    for (const auto& record : cloud.routes().list()) {
        list.push_back(json::object{{"id", record.id},
                                    {"destination", record.destination.text()},
                                    {"next_hop", record.next_hop},
                                    {"status", record.status}});
        text += fmt::format("{:<12} {:<24} {:<20} {}\n", record.id, record.destination.text(),
                            record.next_hop, record.status);
    }
    return arguments.has("json") ? serialized(list) : text;
}

std::string sessions(Cloud& cloud, const Words& words, WallTime now) {
    const Arguments arguments(words, {});
    if (arguments.positional(0, "expire") != "expire") {
        throw Error(Status::Invalid, "sessions: the only command is expire");
    }
    cloud.keys().expire_sessions(now);
    return "";
}

std::string carry_out(Cloud& cloud, const Words& words, WallTime now) {
    const std::string& verb = words.at(0);
    if (verb == "calls") {
        return calls(cloud, words);
    }
    if (verb == "enis") {
        return enis(cloud, words);
    }
    if (verb == "fault") {
        return fault(cloud, words, now);
    }
    if (verb == "set") {
        return set(cloud, words);
    }
    if (verb == "eni") {
        return eni(cloud, words, now);
    }
    if (verb == "vswitch") {
        return vswitch(cloud, words);
    }
    if (verb == "routes") {
        return routes(cloud, words);
    }
    return sessions(cloud, words, now);
}

}  // namespace

Reply control(CloudServer& server, const Words& command) {
    const WallTime now = server.time();
    if (command.empty() || control_help(command.front()).empty()) {
        return {false, "there is no such command\n"};
    }
    try {
        return {true, server.with([&](Cloud& cloud) { return carry_out(cloud, command, now); })};
    } catch (const Refusal& refusal) {
        return {false, refusal.message + "\n"};
    } catch (const std::exception& error) {
        return {false, std::string(error.what()) + "\n"};
    }
}

std::string control_help(const std::string& verb) {
    static const std::map<std::string, std::string> all{
        {"calls",
         "terway-sim calls [--name NAME] [--json] [--reset]\n"
         "  what was asked of the cloud's API, by action and outcome; --reset forgets it\n"},
        {"enis",
         "terway-sim enis [--name NAME] [--json]\n"
         "  every ENI with its state and addresses as the API has them\n"},
        {"fault",
         "terway-sim fault add ACTION [--kind error|lost|cut|hang|html|slow] [--code CODE]\n"
         "    [--status N] [--message TEXT] [--rate 0..1] [--after N] [--times N | --once]\n"
         "    [--for 10m] [--delay 5s] [--where PARAMETER=PATTERN]...\n"
         "terway-sim fault list [--json] | clear [ID]\n"
         "  ACTION and PATTERN may contain *; lost: carried out, then the connection is cut\n"},
        {"set",
         "terway-sim set [--name NAME] [--json] [KEY=VALUE]...\n"
         "  change and print the settings: set attach=2s..4s throttle.CreateNetworkInterface=60/5\n"
         "  deny.Attach*=true stale=2s page_limit=3 profile=realistic\n"},
        {"eni",
         "terway-sim eni detach ENI | delete ENI | unassign ENI ADDRESS|PREFIX...\n"
         "  behind the client's back and at once\n"},
        {"vswitch",
         "terway-sim vswitch drain ID [--leave N] | refill ID\n"
         "  somebody else takes its free IPv4 addresses, or gives them back\n"},
        {"routes",
         "terway-sim routes [--name NAME] [--json]\n"
         "  the custom entries of the VPC's route table\n"},
        {"sessions",
         "terway-sim sessions expire\n"
         "  every session of a role ends now\n"},
    };
    const auto found = all.find(verb);
    return found == all.end() ? "" : found->second;
}

}  // namespace terway::sim
