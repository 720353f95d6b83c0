// terway-policy-cases: plays a file of NetworkPolicy cases with real packets.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <boost/program_options.hpp>
#include <iostream>
#include <map>
#include <memory>

#include "ctl/input.hpp"
#include "ctl/policy_print.hpp"
#include "policy_player.hpp"
#include "terway/error.hpp"

namespace terway::test {
namespace {

namespace po = boost::program_options;
namespace json = boost::json;

constexpr const char* kUsage =
    "terway-policy-cases FILE: plays NetworkPolicy cases with real packets, between pods in\n"
    "namespaces of nodes that each have a policy module\n"
    "\n"
    "FILE is JSON as in tests/data/netpol/README.md; \"-\" is standard input. A line for each\n"
    "case; every cell that differs is named: step, source, destination, port, what the file\n"
    "expects, what packets found, what `terwayctl policy eval` says. Where the file has no table,\n"
    "packets are compared with the latter. So they are where it says \"?\", but what differs "
    "there\n"
    "is only told: the API leaves it open. Likewise told are Services' cells on ipvlan.\n"
    "\n"
    "Exit status: 0 everything is as expected, 1 the file or its cases cannot be played, 2 wrong\n"
    "usage, 3 something differs.\n";

constexpr int kExitCannot = 1;
constexpr int kExitUsage = 2;
constexpr int kExitDiffers = 3;
constexpr std::size_t kMostBytes = 512U << 20U;

std::string verdict(const Played& played) {
    const bool is_judged = played.sent > played.by_resolver;
    return !played.is_fine() ? "WRONG " : is_judged ? "ok    " : "played";
}

std::string text(const policy::Case& what, const Played& played) {
    std::string out = verdict(played) + " " + what.id +
                      (what.title.empty() ? "" : ": " + what.title) + " (" +
                      std::to_string(played.sent) + " cells";
    if (played.by_resolver != 0) {
        out += ", " + std::to_string(played.by_resolver) +
               " of which the file says nothing, so compared with policy eval";
    }
    if (played.not_sent != 0) {
        out += "; " + std::to_string(played.not_sent) + " more cannot be tried with packets";
    }
    out += ")\n";
    for (const auto& cell : played.differing) {
        out += "  " + what.id + " " + cell.text() + "\n";
    }
    if (!played.result.complaint.empty()) {
        out += "  " + what.id + " " + played.result.complaint + "\n";
    }
    return out;
}

struct Wanted {
    std::vector<std::string> ids;  // none: all
    bool as_json = false;
    Dataplane dataplane = Dataplane::Veth;
    PolicyModule module = PolicyModule::Felix;

    [[nodiscard]] bool has(const std::string& id) const {
        return ids.empty() || std::find(ids.begin(), ids.end(), id) != ids.end();
    }
    // Throws Error for a case that is not there.
    void check(const policy::CaseFile& file) const {
        for (const auto& id : ids) {
            if (std::none_of(file.cases.begin(), file.cases.end(),
                             [&](const auto& each) { return each.id == id; })) {
                throw Error(Status::Invalid, "there is no case \"" + id + "\"");
            }
        }
    }
};

int play(const policy::CaseFile& file, const Wanted& wanted) {
    std::map<const policy::CaseCluster*, std::unique_ptr<CasePlayer>> players;
    json::object results;
    std::size_t count = 0;
    std::size_t wrong = 0;
    std::size_t cells = 0;
    auto& out = wanted.as_json ? std::cerr : std::cout;
    for (const auto& each : file.cases) {
        if (!wanted.has(each.id)) {
            continue;
        }
        auto& player = players[each.cluster];
        if (player == nullptr) {
            player = std::make_unique<CasePlayer>(*each.cluster, wanted.dataplane, wanted.module);
        }
        const auto played = player->play(each);
        ++count;
        wrong += played.is_fine() ? 0 : 1;
        cells += static_cast<std::size_t>(
            std::count_if(played.differing.begin(), played.differing.end(),
                          [](const auto& cell) { return !cell.is_forgiven(); }));
        out << text(each, played) << std::flush;
        if (wanted.as_json) {
            results[each.id] = ctl::policy_json(played.result);
        }
    }
    out << count << " cases, " << wrong << " wrong, " << cells << " differing cells\n";
    if (wanted.as_json) {
        std::cout << json::serialize(results) << "\n";
    }
    return wrong == 0 ? 0 : kExitDiffers;
}

int run(int argc, char** argv) {
    Wanted wanted;
    std::string output;
    std::string dataplane;
    std::string module;
    po::options_description options("Options");
    auto add = options.add_options();
    add("case,c", po::value(&wanted.ids), "play this case only; may be repeated");
    add("dataplane,d", po::value(&dataplane)->default_value("veth"),
        "whose pods: veth, ipvlan or eni-exclusive");
    add("module,m", po::value(&module)->default_value("policy-felix"),
        "whose policies: policy-felix or policy-bpf");
    add("output,o", po::value(&output)->default_value("text"),
        "text, or json: {CASE: [{PROBE: {SOURCE: ROW}} for each step]}, the text then goes to "
        "standard error");
    add("help,h", "print this");
    po::options_description all;
    all.add(options).add_options()("file", po::value<std::vector<std::string>>());
    po::positional_options_description positional;
    positional.add("file", -1);
    po::variables_map given;
    po::store(po::command_line_parser(argc, argv).options(all).positional(positional).run(), given);
    po::notify(given);
    if (given.count("help") != 0) {
        std::cout << kUsage << "\n" << options;
        return 0;
    }
    const auto pods = parse_dataplane(dataplane);
    if (!pods || given.count("file") == 0 ||
        given["file"].as<std::vector<std::string>>().size() != 1 ||
        (output != "text" && output != "json") ||
        (module != "policy-felix" && module != "policy-bpf")) {
        std::cerr << kUsage;
        return kExitUsage;
    }
    wanted.dataplane = *pods;
    wanted.module = module == "policy-bpf" ? PolicyModule::Bpf : PolicyModule::Felix;
    wanted.as_json = output == "json";
    auto input = ctl::read_input(given["file"].as<std::vector<std::string>>()[0], kMostBytes);
    const auto file = policy::read_case_file(std::move(input.text), input.name);
    wanted.check(file);
    if (::geteuid() != 0) {
        throw Error(Status::Invalid, "needs root: it makes network namespaces");
    }
    return play(file, wanted);
}

}  // namespace
}  // namespace terway::test

int main(int argc, char** argv) {
    (void)::signal(SIGPIPE, SIG_IGN);
    try {
        return terway::test::run(argc, argv);
    } catch (const boost::program_options::error& error) {
        std::cerr << "terway-policy-cases: " << error.what() << "; see --help\n";
        return terway::test::kExitUsage;
    } catch (const std::exception& error) {
        std::cerr << "terway-policy-cases: " << error.what() << "\n";
        return terway::test::kExitCannot;
    }
}
