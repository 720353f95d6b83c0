#include <unistd.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "sim/command.hpp"
#include "sim/control.hpp"
#include "sim/kube/control.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

namespace options = boost::program_options;
using Arguments = std::vector<std::string>;

constexpr const char* kUsage =
    R"(terway-sim: a VPC in a box, made of network namespaces on this machine

Usage:
  terway-sim run [--name NAME] [--ready-file PATH] [--ready-fd FD] [--listen ADDRESS:PORT] [--tls] TOPOLOGY.toml
                             build the VPC, print what it is, stay until Ctrl-C, remove it
  terway-sim show [--name NAME] [-o json]    what a running simulation consists of
  terway-sim drops [--name NAME] [-o json]   which packets the VPC has dropped, and why
  terway-sim exec [--name NAME] NODE -- COMMAND...
                             run a command in the network of a node, or of "internet"
  terway-sim calls | enis | routes [--json]  what the cloud's API was asked, and what it has
  terway-sim kube calls | objects | fault | compact | token ...
                             the Kubernetes API of a topology with [kube]; kube --help
  terway-sim kubeconfig [--name NAME] [--nodes] [--path]
                             for kubectl on this machine, or in the nodes
  terway-sim fault | set | eni | vswitch | sessions ...
                             make the cloud fail, slow, stingy or treacherous; each with --help
  terway-sim clean [--name NAME]             remove what a killed simulation left

Examples:
  terway-sim run sim/topologies/two-nodes.toml
  terway-sim exec node-a -- ping -c 3 10.0.0.11
  terway-sim exec node-a -- ping -c 3 203.0.113.10
  terway-sim drops

The name is "sim" unless given; several simulations of different names run side by side. Every
namespace is at /run/netns/NAME-NODE, so "ip netns exec" works too. Root is needed.
)";

struct UsageError : Error {
    explicit UsageError(const std::string& what) : Error(Status::Invalid, what) {}
};

// Options of one verb and its argument, described by `positional` if it has one; throws boost's
// error for unknown ones.
options::variables_map parse(const Arguments& arguments, const options::options_description& more,
                             const char* positional) {
    options::options_description known;
    known.add_options()("name", options::value<std::string>()->default_value("sim"));
    known.add(more);
    options::options_description all;
    all.add(known).add_options()("argument", options::value<Arguments>());
    options::positional_options_description positions;
    positions.add("argument", -1);
    options::variables_map values;
    options::store(options::command_line_parser(arguments).options(all).positional(positions).run(),
                   values);
    const auto given = values.count("argument");
    const auto count = given == 0 ? 0 : values["argument"].as<Arguments>().size();
    if (count != (positional == nullptr ? 0U : 1U)) {
        throw UsageError(positional == nullptr
                             ? "this command takes no arguments but options"
                             : std::string("exactly one ") + positional + " is needed");
    }
    return values;
}

std::string name_of(const options::variables_map& values) {
    return values["name"].as<std::string>();
}

int run_verb(const Arguments& arguments) {
    options::options_description more;
    more.add_options()("ready-fd", options::value<int>())(
        "ready-file", options::value<std::string>())("listen", options::value<std::string>())(
        "tls", options::bool_switch());
    const auto values = parse(arguments, more, "topology file");
    RunOptions chosen{name_of(values), values["argument"].as<Arguments>().front(), {}, {}};
    if (values.count("ready-fd") != 0) {
        chosen.ready_fd = values["ready-fd"].as<int>();
    }
    if (values.count("ready-file") != 0) {
        chosen.ready_file = values["ready-file"].as<std::string>();
    }
    if (values.count("listen") != 0) {
        chosen.listen = values["listen"].as<std::string>();
    }
    chosen.tls = values["tls"].as<bool>();
    return run(chosen);
}

// Everything but --name goes to the running simulation.
int control_verb(const std::string& verb, const Arguments& arguments) {
    std::string name = "sim";
    Arguments command{verb};
    for (std::size_t at = 0; at < arguments.size(); ++at) {
        if (arguments[at] == "--name" && at + 1 < arguments.size()) {
            name = arguments[++at];
        } else if (arguments[at].starts_with("--name=")) {
            name = arguments[at].substr(std::string("--name=").size());
        } else {
            command.push_back(arguments[at]);
        }
    }
    return control_running(name, command);
}

// Empty for verbs that are not the running simulation's.
std::string help_of(const std::string& verb) {
    return verb == "kube" ? kube::control_help() : control_help(verb);
}

int listing_verb(const Arguments& arguments, int (*list)(const std::string&, bool)) {
    options::options_description more;
    more.add_options()("output,o", options::value<std::string>()->default_value("text"));
    const auto values = parse(arguments, more, nullptr);
    const auto format = values["output"].as<std::string>();
    if (format != "text" && format != "json") {
        throw UsageError("-o " + format + ": the formats are text and json");
    }
    return list(name_of(values), format == "json");
}

int exec_verb(const Arguments& arguments) {
    const auto separator = std::find(arguments.begin(), arguments.end(), "--");
    const Arguments ours(arguments.begin(), separator);
    if (separator == arguments.end() || separator + 1 == arguments.end()) {
        throw UsageError("exec needs a node, -- and a command");
    }
    const auto values = parse(ours, {}, "node");
    return exec(name_of(values), values["argument"].as<Arguments>().front(),
                Arguments(separator + 1, arguments.end()));
}

int dispatch(const std::string& verb, const Arguments& arguments) {
    if (::geteuid() != 0) {
        throw Error(Status::Invalid, "network namespaces need root; try again with sudo");
    }
    if (verb == "run") {
        return run_verb(arguments);
    }
    if (verb == "show") {
        return listing_verb(arguments, show);
    }
    if (verb == "drops") {
        return listing_verb(arguments, show_drops);
    }
    if (verb == "exec") {
        return exec_verb(arguments);
    }
    if (verb == "clean") {
        return clean(name_of(parse(arguments, {}, nullptr)));
    }
    if (verb == "kubeconfig") {
        options::options_description more;
        more.add_options()("nodes", options::bool_switch())("path", options::bool_switch());
        const auto values = parse(arguments, more, nullptr);
        return kubeconfig(name_of(values), values["nodes"].as<bool>(), values["path"].as<bool>());
    }
    if (!help_of(verb).empty()) {
        return control_verb(verb, arguments);
    }
    throw UsageError("there is no command " + verb);
}

bool wants_help(const Arguments& arguments) {
    const auto ours = std::find(arguments.begin(), arguments.end(), "--");
    return std::any_of(arguments.begin(), ours, [](const std::string& argument) {
        return argument == "--help" || argument == "-h";
    });
}

int guarded_main(const Arguments& arguments) {
    if (arguments.empty() || wants_help(arguments)) {
        const std::string help = arguments.empty() ? "" : help_of(arguments.front());
        (void)std::fputs(help.empty() ? kUsage : help.c_str(), arguments.empty() ? stderr : stdout);
        return arguments.empty() ? 2 : 0;
    }
    try {
        return dispatch(arguments.front(), Arguments(arguments.begin() + 1, arguments.end()));
    } catch (const UsageError& error) {
        std::cerr << "terway-sim: " << error.what() << "; see terway-sim --help\n";
    } catch (const options::error& error) {
        std::cerr << "terway-sim: " << error.what() << "; see terway-sim --help\n";
    } catch (const std::exception& error) {
        std::cerr << "terway-sim: " << error.what() << "\n";
        return 1;
    }
    return 2;
}

}  // namespace
}  // namespace terway::sim

int main(int argc, char** argv) {
    return terway::sim::guarded_main({argv + 1, argv + argc});
}
