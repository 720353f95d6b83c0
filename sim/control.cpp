#include "sim/control.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <map>

#include "sim/arguments.hpp"
#include "sim/cloud/actions.hpp"
#include "sim/control_log.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

namespace json = boost::json;

std::string serialized(const json::value& value) {
    return json::serialize(value) + "\n";
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
        return control_calls(cloud.calls(), words);
    }
    if (verb == "enis") {
        return enis(cloud, words);
    }
    if (verb == "fault") {
        return control_fault(cloud.faults(), words, now,
                             {"error", "lost", "cut", "hang", "html", "slow"});
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
