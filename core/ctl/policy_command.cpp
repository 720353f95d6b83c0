#include "ctl/policy_command.hpp"

#include <boost/json.hpp>
#include <boost/program_options.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "ctl/input.hpp"
#include "ctl/policy_print.hpp"
#include "policy/cases/evaluate.hpp"

namespace terway::ctl {
namespace {

namespace po = boost::program_options;
namespace json = boost::json;

constexpr const char* kUsage =
    "terwayctl policy eval FILE: which connections NetworkPolicies allow, in the cases of a file\n"
    "\n"
    "FILE is JSON as in tests/data/netpol/README.md; \"-\" is standard input. For every case, "
    "step\n"
    "and probe a table is printed: a row for each source, a character for each destination in the\n"
    "order of the rows. \".\" works, \"X\" does not, \"?\" is the implementation's choice, \"-\" "
    "is no\n"
    "connection. Every cell that differs from what the file expects is named.\n"
    "\n"
    "Exit status: 0 everything is as expected, 1 cannot read the file, 2 wrong usage, 3 something\n"
    "differs.\n";

constexpr int kExitUsage = 2;
constexpr int kExitDiffers = 3;
constexpr std::size_t kMostBytes = 512U << 20U;

struct Wanted {
    std::vector<std::string> ids;  // none: all
    bool brief = false;
    bool as_json = false;

    [[nodiscard]] bool has(const std::string& id) const {
        return ids.empty() || std::find(ids.begin(), ids.end(), id) != ids.end();
    }
};

int play(const policy::CaseFile& file, const Wanted& wanted) {
    json::object results;
    std::size_t played = 0;
    std::size_t wrong = 0;
    std::size_t cells = 0;
    for (const auto& each : file.cases) {
        if (!wanted.has(each.id)) {
            continue;
        }
        const auto result = policy::evaluate(each);
        ++played;
        wrong += result.is_fine() ? 0 : 1;
        cells += result.differences.size();
        if (wanted.as_json) {
            results[each.id] = policy_json(result);
        }
        const auto text = policy_text(each, result, !wanted.brief && !wanted.as_json);
        if (!wanted.as_json) {
            std::cout << text;
        } else if (!result.is_fine()) {
            std::cerr << text;
        }
    }
    if (wanted.as_json) {
        std::cout << json::serialize(results) << "\n";
    } else {
        std::cout << played << " cases, " << wrong << " wrong, " << cells << " differing cells\n";
    }
    return wrong == 0 && played >= wanted.ids.size() ? 0 : kExitDiffers;
}

}  // namespace

int policy_command(int argc, char** argv) {
    Wanted wanted;
    std::string output;
    po::options_description all("Options");
    auto add = all.add_options();
    add("output,o", po::value(&output)->default_value("text"),
        "text, or json: {CASE: [{PROBE: {SOURCE: ROW}} for each step]}");
    add("brief,b", po::bool_switch(&wanted.brief), "no tables, only what differs");
    add("case,c", po::value(&wanted.ids), "play this case only; may be repeated");
    add("words", po::value<std::vector<std::string>>(), "what to do");
    add("help,h", "print this");
    po::positional_options_description positional;
    positional.add("words", -1);
    po::variables_map given;
    po::store(po::command_line_parser(argc, argv).options(all).positional(positional).run(), given);
    po::notify(given);
    if (given.count("help") != 0) {
        std::cout << kUsage << "\n" << all;
        return 0;
    }
    const auto words = given.count("words") != 0 ? given["words"].as<std::vector<std::string>>()
                                                 : std::vector<std::string>();
    if (words.size() != 2 || words[0] != "eval" || (output != "text" && output != "json")) {
        std::cerr << kUsage;
        return kExitUsage;
    }
    wanted.as_json = output == "json";
    auto input = read_input(words[1], kMostBytes);
    return play(policy::read_case_file(std::move(input.text), input.name), wanted);
}

}  // namespace terway::ctl
