#include "sim/kube/control.hpp"

#include <fmt/format.h>

#include <functional>
#include <map>

#include "sim/control_log.hpp"
#include "terway/error.hpp"

namespace terway::sim::kube {
namespace {

std::string token(Api& api, const Words& words, WallTime now) {
    const Arguments arguments(words, {{"user", true}, {"group", true}, {"for", true}});
    const std::string& verb = arguments.positional(0, "add, expire, remove or list");
    if (verb == "list") {
        std::string text = fmt::format("{:<24} {:<44} {}\n", "TOKEN", "USER", "EXPIRES");
        for (const auto& [name, entry] : api.users().list()) {
            text += fmt::format("{:<24} {:<44} {}\n", name, entry.asker.user,
                                entry.expires ? kube_time(*entry.expires) : "never");
        }
        return text;
    }
    const std::string& name = arguments.positional(1, "the token");
    if (verb == "add") {
        std::optional<WallTime> expires;
        if (arguments.has("for")) {
            expires = now + Range::parse(arguments.text("for", "")).most;
        }
        api.users().add(name, arguments.text("user", name), arguments.all("group"), expires);
    } else if (verb != "expire" && verb != "remove") {
        throw Error(Status::Invalid, "token " + verb + ": is none of add, expire, remove, list");
    } else if (!(verb == "expire" ? api.users().expire(name, now) : api.users().remove(name))) {
        throw Error(Status::Gone, "token " + name + ": does not exist");
    }
    return "";
}

std::size_t number_of(const std::string& key, const std::string& value) {
    try {
        return std::stoul(value);
    } catch (const std::exception&) {
        throw Error(Status::Invalid, "setting " + key + ": " + value + " is no number");
    }
}

bool flag_of(const std::string& key, const std::string& value) {
    if (value != "true" && value != "false") {
        throw Error(Status::Invalid,
                    "setting " + key + ": " + value + " is neither true nor false");
    }
    return value == "true";
}

void set_one(Api& api, const std::string& key, const std::string& value) {
    if (key == "rbac") {
        api.options().rbac = flag_of(key, value);
    } else if (key == "finish_pods") {
        api.cluster().set_finish_pods(flag_of(key, value));
    } else if (key == "page_limit") {
        api.options().page_limit = number_of(key, value);
    } else if (key == "history") {
        api.store().set_history(number_of(key, value));
    } else if (key == "bookmark_every") {
        api.options().bookmark_every = Range::parse(value).most;
    } else {
        throw Error(Status::Invalid,
                    "setting " + key +
                        ": is none of rbac, finish_pods, page_limit, history, bookmark_every");
    }
}

std::string set(Api& api, const Words& words) {
    const Arguments arguments(words, {});
    for (const auto& word : arguments.rest()) {
        const auto equals = word.find('=');
        if (equals == std::string::npos) {
            throw Error(Status::Invalid, "setting " + word + ": write KEY=VALUE");
        }
        set_one(api, word.substr(0, equals), word.substr(equals + 1));
    }
    return fmt::format("rbac = {}\nfinish_pods = {}\npage_limit = {}\nbookmark_every = {}ms\n",
                       api.options().rbac, api.cluster().finish_pods(), api.options().page_limit,
                       api.options().bookmark_every.count());
}

std::string objects(Api& api) {
    std::string text = fmt::format("{:<52} {:>8}\n", "RESOURCE", "OBJECTS");
    for (const auto& [name, count] : api.store().counts()) {
        text += fmt::format("{:<52} {:>8}\n", name, count);
    }
    return text;
}

std::string connections(KubeServer& server, const Words& words) {
    const Arguments arguments(words, {});
    const std::string& verb = arguments.positional(0, "close, refuse or accept");
    if (verb == "close") {
        server.close_connections();
    } else if (verb == "refuse" || verb == "accept") {
        server.set_down(verb == "refuse");
    } else {
        throw Error(Status::Invalid, "connections " + verb + ": is none of close, refuse, accept");
    }
    return "";
}

using Verb = std::function<std::string(Api&, const Words&, WallTime)>;

const std::map<std::string, Verb>& verbs() {
    static const std::map<std::string, Verb> all{
        {"calls",
         [](Api& api, const Words& words, WallTime) { return control_calls(api.calls(), words); }},
        {"fault",
         [](Api& api, const Words& words, WallTime now) {
             return control_fault(api.faults(), words, now,
                                  {"error", "lost", "cut", "hang", "html", "slow", "garbage",
                                   "torn", "trickle", "silent"});
         }},
        {"token", token},
        {"set", [](Api& api, const Words& words, WallTime) { return set(api, words); }},
        {"objects", [](Api& api, const Words&, WallTime) { return objects(api); }},
        {"compact",
         [](Api& api, const Words&, WallTime) {
             api.store().compact();
             return fmt::format("forgot everything before version {}\n", api.store().version());
         }},
        {"finish",
         [](Api& api, const Words&, WallTime now) {
             return fmt::format("finished {} pods\n", api.cluster().finish_deleted(now, true));
         }},
    };
    return all;
}

}  // namespace

Reply control(KubeServer& server, const Words& command) {
    try {
        if (!command.empty() && command.front() == "connections") {
            return {true, connections(server, command)};
        }
        const auto verb = verbs().find(command.empty() ? "" : command.front());
        if (verb == verbs().end()) {
            return {false, "there is no such command; see terway-sim kube --help\n"};
        }
        const WallTime now = server.time();
        return {true, server.with([&](Api& api) { return verb->second(api, command, now); })};
    } catch (const Problem& problem) {
        return {false, problem.message + "\n"};
    } catch (const std::exception& error) {
        return {false, std::string(error.what()) + "\n"};
    }
}

std::string control_help() {
    return "terway-sim kube calls [--json] [--reset]    what the API server was asked\n"
           "terway-sim kube objects                     how many there are of each kind\n"
           "terway-sim kube fault add 'VERB RESOURCE' [--kind "
           "error|lost|cut|hang|html|slow|garbage|\n"
           "    torn|trickle|silent] [--code REASON] [--status N] [--retry-after 3s] [--rate "
           "0..1]\n"
           "    [--after N] [--times N | --once] [--for 10m] [--delay 5s] [--where "
           "NAME=PATTERN]...\n"
           "terway-sim kube fault list [--json] | clear [ID]\n"
           "  the verb is get, list, watch, create, update, patch or delete; *, as in 'watch *', "
           "is\n"
           "  anything; NAME is name, namespace, user or a parameter of the query\n"
           "terway-sim kube compact                     forget the past: 410 for those who want "
           "it\n"
           "terway-sim kube set [rbac=true] [finish_pods=true] [page_limit=N] [history=N]\n"
           "    [bookmark_every=5s]\n"
           "terway-sim kube token add TOKEN [--user USER] [--group GROUP]... [--for 10m]\n"
           "terway-sim kube token expire TOKEN | remove TOKEN | list\n"
           "terway-sim kube finish                      deleted pods are gone, whatever their "
           "grace\n"
           "terway-sim kube connections close | refuse | accept\n"
           "  end them all; be down; be there again\n"
           "Each takes [--name NAME], of the simulation.\n";
}

}  // namespace terway::sim::kube
