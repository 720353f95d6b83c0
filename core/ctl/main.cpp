// terwayctl: asks the daemon and prints what it says.
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <boost/program_options.hpp>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "cni/config.hpp"
#include "cni/control.hpp"
#include "ctl/import_command.hpp"
#include "ctl/policy_command.hpp"
#include "ctl/policy_trace.hpp"
#include "ctl/print.hpp"
#include "terway/error.hpp"

namespace {

namespace po = boost::program_options;
namespace json = boost::json;

constexpr const char* kUsage =
    "terwayctl: looks into a running terwayd\n"
    "\n"
    "  terwayctl status       is it ready, how many endpoints, how many addresses\n"
    "  terwayctl endpoints    every container interface it knows\n"
    "  terwayctl modules      the loaded modules\n"
    "  terwayctl preflight    what the modules need of this node, and what is there\n"
    "  terwayctl check        compares every endpoint with the kernel\n"
    "  terwayctl pool         every address: on which ENI, in which state, whose\n"
    "  terwayctl mapping      pod, record, kernel and cloud side by side\n"
    "  terwayctl metadata     what the instance's metadata service says\n"
    "  terwayctl cloud calls  the calls of the cloud's API since the daemon started\n"
    "  terwayctl cloud routes the VPC's routes to this node's pod CIDRs\n"
    "  terwayctl policy list  the policies by tier, and the pods here that they select\n"
    "  terwayctl policy explain SRC DST PORT/PROTO\n"
    "                         which policy and rule decides; SRC and DST are namespace/pod or an\n"
    "                         address\n"
    "  terwayctl policy counters  what the pods' rules allowed and denied\n"
    "  terwayctl policy trace [--denied] [NAMESPACE/POD]\n"
    "                         what they say to each connection from now on, until Ctrl-C\n"
    "  terwayctl service list [NAMESPACE]\n"
    "                         what modules were told of Services: addresses, backends that are\n"
    "                         ready, and that drain\n"
    "  terwayctl service explain NAMESPACE/NAME | ADDRESS:PORT/PROTO\n"
    "                         its frontends, and of each endpoint whether it is used, and why not\n"
    "\n"
    "  terwayctl import-eni-conf FILE   makes a profile from the original's eni_conf; needs no\n"
    "                                   terwayd; see its --help\n"
    "  terwayctl policy eval FILE       plays NetworkPolicy cases; needs no terwayd; see its "
    "--help\n"
    "\n"
    "Exit status: 0 fine, 1 no answer, 2 wrong usage, 3 something is not as it should be\n"
    "(mapping: 1 for a mismatch).\n";

constexpr int kExitNoAnswer = 1;
constexpr int kExitUsage = 2;
constexpr std::chrono::seconds kConnectTime{2};
constexpr std::chrono::seconds kAnswerTime{100};

template <class Body>
auto with_advice(const Body& body) {
    try {
        return body();
    } catch (const terway::Error& error) {
        if (error.status() == terway::Status::Gone) {
            throw terway::Error(
                error.status(),
                error.what() +
                    std::string(::geteuid() == 0
                                    ? "; is terwayd running, and done with its start? see its log"
                                    : "; terwayd answers root only"));
        }
        throw;
    }
}

json::value ask(const std::string& socket, const std::string& verb) {
    return with_advice([&] {
        return json::parse(terway::cni::ask_daemon(socket, verb, terway::after(kConnectTime),
                                                   terway::after(kAnswerTime)));
    });
}

// Verbs may have two words.
std::string verb_of(const po::variables_map& given) {
    std::string verb;
    if (given.count("verb") != 0) {
        for (const auto& word : given["verb"].as<std::vector<std::string>>()) {
            verb += (verb.empty() ? "" : " ") + word;
        }
    }
    return verb;
}

int run(int argc, char** argv) {
    po::options_description shown("Options");
    auto add = shown.add_options();
    add("output,o", po::value<std::string>()->default_value("text"), "text or json");
    add("socket,s", po::value<std::string>()->default_value(terway::cni::kDefaultSocket),
        "of the daemon");
    add("denied", po::bool_switch(), "of policy trace: not what is allowed");
    add("version", "print the version");
    add("help,h", "print this");
    po::options_description all;
    all.add(shown).add_options()("verb", po::value<std::vector<std::string>>());
    po::positional_options_description positional;
    positional.add("verb", -1);
    po::variables_map given;
    po::store(po::command_line_parser(argc, argv).options(all).positional(positional).run(), given);
    po::notify(given);
    if (given.count("version") != 0) {
        std::cout << "terwayctl " << TERWAY_VERSION << "\n";
        return 0;
    }
    if (given.count("help") != 0) {
        std::cout << kUsage << "\n" << shown;
        return 0;
    }
    const std::string verb = verb_of(given);
    const auto* view = terway::ctl::find_view(verb);
    const auto output = given["output"].as<std::string>();
    if (verb.empty()) {
        std::cerr << kUsage;
        return kExitUsage;
    }
    constexpr std::string_view kTrace = "policy trace";  // and a pod
    const bool is_trace = (verb + " ").starts_with(std::string(kTrace) + " ");
    const bool is_known = view != nullptr || is_trace;
    if (!is_known || (output != "text" && output != "json")) {
        std::cerr << "terwayctl: "
                  << (!is_known ? "there is no verb \"" + verb + "\"" : "--output is text or json")
                  << "; see terwayctl --help\n";
        return kExitUsage;
    }
    if (is_trace) {
        terway::ctl::TraceQuestion question{given["denied"].as<bool>(),
                                            verb.substr(std::min(verb.size(), kTrace.size() + 1)),
                                            output == "json"};
        return with_advice(
            [&] { return follow_trace(given["socket"].as<std::string>(), question); });
    }
    const auto answer = ask(given["socket"].as<std::string>(), verb);
    if (output == "json") {
        std::cout << json::serialize(answer) << "\n";
    } else {
        std::cout << view->print(answer, ::isatty(STDOUT_FILENO) == 1);
    }
    return view->fine(answer) ? 0 : view->trouble;
}

// The other words after "policy" are for the daemon.
bool is_policy_eval(int argc, char** argv) {
    return argc > 2 && argv[1] == std::string_view("policy") &&
           std::any_of(argv + 2, argv + argc,
                       [](const char* word) { return word == std::string_view("eval"); });
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc > 1 && argv[1] == std::string_view("import-eni-conf")) {
            return terway::ctl::import_command(argc - 1, argv + 1);
        }
        if (is_policy_eval(argc, argv)) {
            return terway::ctl::policy_command(argc - 1, argv + 1);
        }
        return run(argc, argv);
    } catch (const po::error& error) {
        std::cerr << "terwayctl: " << error.what() << "; see terwayctl --help\n";
        return kExitUsage;
    } catch (const std::exception& error) {
        std::cerr << "terwayctl: " << error.what() << "\n";
        return kExitNoAnswer;
    }
}
