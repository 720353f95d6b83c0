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
#include "ctl/usage.hpp"
#include "terway/error.hpp"

namespace {

namespace po = boost::program_options;
namespace json = boost::json;

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

int complain_of(const std::string& verb) {
    std::cerr << "terwayctl: there is no verb \"" << verb << "\"; see terwayctl --help\n";
    return kExitUsage;
}

int help(const std::string& verb, const po::options_description& options) {
    const auto text = verb.empty() ? terway::ctl::usage() : terway::ctl::usage_of(verb);
    if (text.empty()) {
        return complain_of(verb);
    }
    std::cout << text << "\n" << options;
    return 0;
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
    const std::string verb = verb_of(given);
    if (given.count("help") != 0) {
        return help(verb, shown);
    }
    const auto* view = terway::ctl::find_view(verb);
    const auto output = given["output"].as<std::string>();
    if (verb.empty()) {
        std::cerr << terway::ctl::usage();
        return kExitUsage;
    }
    constexpr std::string_view kTrace = "policy trace";  // and a pod
    const bool is_trace = (verb + " ").starts_with(std::string(kTrace) + " ");
    if (view == nullptr && !is_trace) {
        return complain_of(verb);
    }
    if (output != "text" && output != "json") {
        std::cerr << "terwayctl: --output is text or json; see terwayctl --help\n";
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
