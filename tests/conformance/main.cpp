// terway-conformance: does a module obey the laws?
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <boost/program_options.hpp>
#include <chrono>
#include <cstdio>
#include <iostream>

#include "command.hpp"
#include "laws.hpp"
#include "terway/error.hpp"

namespace terway::conformance {
namespace {

namespace json = boost::json;

constexpr const char* kUsage =
    "Usage: terway-conformance MODULE.so [options]\n\n"
    "Checks a Terway module against the laws of the module contract, in network\n"
    "namespaces of its own; the machine's own network is not touched. Needs root, or\n"
    "run it as: unshare -Urn terway-conformance ...\n\n"
    "Exit status: 0 all laws hold, 1 a law is broken, 2 the check could not be made.\n\n";

struct Verdict {
    bool ok = true;
    std::string what;
    std::vector<std::string> details;
    long long milliseconds = 0;
};

Verdict judge(const Law& law, const Options& options, Kind kind) {
    Verdict verdict;
    const auto begin = std::chrono::steady_clock::now();
    try {
        law.run(options, kind);
    } catch (const Broken& broken) {
        verdict.ok = false;
        verdict.what = broken.what;
        verdict.details = broken.details;
    } catch (const Error& error) {
        verdict.ok = false;
        verdict.what = error.what();
    }
    verdict.milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(
                               std::chrono::steady_clock::now() - begin)
                               .count();
    return verdict;
}

void print(const Law& law, const Verdict& verdict) {
    std::string line = law.title + std::string(" ");
    line.append(line.size() < 52 ? 52 - line.size() : 3, '.');
    std::printf("law %2d  %s %s (%lld ms)\n", law.number, line.c_str(),
                verdict.ok ? "ok" : "BROKEN", verdict.milliseconds);
    if (!verdict.ok) {
        std::printf("        %s\n", verdict.what.c_str());
        for (const auto& detail : verdict.details) {
            std::printf("          %s\n", detail.c_str());
        }
    }
    (void)std::fflush(stdout);
}

json::object record(const Law& law, const char* interface, const Verdict& verdict) {
    json::array details;
    for (const auto& detail : verdict.details) {
        details.emplace_back(detail);
    }
    return {{"law", law.number}, {"title", law.title},         {"interface", interface},
            {"ok", verdict.ok},  {"ms", verdict.milliseconds}, {"reason", verdict.what},
            {"details", details}};
}

// Fails early, with what to do about it.
void require_privileges() {
    try {
        const Netns probe = Netns::create();
        (void)run(probe.fd(), {"ip", "-V"});
        (void)run(probe.fd(), {"tc", "-V"});
        (void)run(probe.fd(), {"nft", "-v"});
    } catch (const Error& error) {
        if (error.sys_errno() == EPERM) {
            throw Error(Status::Unsupported,
                        "no permission to create network namespaces; run it as root or as "
                        "\"unshare -Urn terway-conformance ...\"");
        }
        throw;
    }
}

// What modules pin is this process's alone, and gone with it. Where it cannot be done, no module
// can pin anything either.
void hide_bpffs() {
    if (::unshare(CLONE_NEWNS) == 0 &&
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0) {
        (void)::mount("bpf", "/sys/fs/bpf", "bpf", 0, "mode=0700");
    }
}

struct Offer {
    Kind kind;
    const char* id;
    const char* name;
};
constexpr Offer kOffers[] = {{Kind::Dataplane, TWY_DATAPLANE, "dataplane"},
                             {Kind::Qos, TWY_QOS, "QoS"},
                             {Kind::Policy, TWY_POLICY, "policy"}};

int check(const Options& options, const twy_module& module) {
    std::vector<Offer> offered;
    bool serves_eni = false;
    bool serves_services = false;
    {
        World world(options);
        serves_eni = world.serves_eni();
        serves_services = world.module().offers(TWY_SERVICE);
        for (const auto& offer : kOffers) {
            if (world.module().offers(offer.id)) {
                offered.push_back(offer);
            }
        }
    }
    if (offered.empty()) {
        throw Error(Status::Invalid, std::string("module ") + module.id + " offers no interface");
    }
    json::array records;
    bool all_ok = true;
    bool any = false;
    for (const auto& offer : offered) {
        if (!options.json) {
            std::printf("%s %s, %s\n", module.id, module.version, offer.name);
        }
        for (const auto& law : laws()) {
            if (!law.concerns(offer.kind) || (law.eni && !serves_eni) ||
                (law.service && !serves_services) || !options.chosen(law.number)) {
                continue;
            }
            any = true;
            const auto verdict = judge(law, options, offer.kind);
            all_ok = all_ok && verdict.ok;
            if (options.json) {
                records.push_back(record(law, offer.id, verdict));
            } else {
                print(law, verdict);
            }
        }
    }
    if (!any) {
        throw Error(Status::Invalid, std::string("none of the laws chosen concerns ") + module.id);
    }
    if (options.json) {
        std::cout << json::serialize(json::object{{"module", module.id},
                                                  {"version", module.version},
                                                  {"ok", all_ok},
                                                  {"laws", records}})
                  << "\n";
    }
    return all_ok ? 0 : 1;
}

int run_tool(int argc, char** argv) {
    namespace po = boost::program_options;
    Options options;
    std::vector<int> numbers;
    std::vector<int> unwanted;
    std::string config;
    po::options_description shown("Options");
    shown.add_options()(
        "config", po::value(&config)->value_name("FILE"),
        "configuration: the table [module.<id>] of this TOML file, or the whole file "
        "if it has none; a table [conformance] may say eni = true and families = "
        "[\"ipv4\", \"ipv6\"]")("law", po::value(&numbers)->value_name("N"),
                                "check this law only; may be repeated")(
        "without-law", po::value(&unwanted)->value_name("N"),
        "do not check this law; may be repeated")("verbose,v", po::bool_switch(&options.verbose),
                                                  "print each call and what the module logs")(
        "json", po::bool_switch(&options.json), "print one JSON object instead of lines")(
        "help,h", "print this text");
    po::options_description all;
    all.add(shown).add_options()("module", po::value(&options.module_path));
    po::positional_options_description positional;
    positional.add("module", 1);
    po::variables_map values;
    po::store(po::command_line_parser(argc, argv).options(all).positional(positional).run(),
              values);
    po::notify(values);
    if (values.contains("help")) {
        std::cout << kUsage << shown;
        return 0;
    }
    if (options.module_path.empty()) {
        std::cerr << kUsage << shown;
        return 2;
    }
    options.laws.insert(numbers.begin(), numbers.end());
    options.unwanted_laws.insert(unwanted.begin(), unwanted.end());
    require_privileges();
    hide_bpffs();
    const twy_module& module = sdk::testing::load_module(options.module_path);
    if (!config.empty()) {
        read_config(config, module.id, options);
    }
    return check(options, module);
}

}  // namespace
}  // namespace terway::conformance

int main(int argc, char** argv) {
    try {
        return terway::conformance::run_tool(argc, argv);
    } catch (const terway::conformance::Broken& broken) {
        (void)std::fprintf(stderr, "terway-conformance: %s\n", broken.what.c_str());
    } catch (const std::exception& error) {
        (void)std::fprintf(stderr, "terway-conformance: %s\n", error.what());
    } catch (...) {
        (void)std::fputs("terway-conformance: something that is no exception was thrown\n", stderr);
    }
    return 2;
}
