// terwayd: reads its options, then runs.
#include <malloc.h>
#include <unistd.h>

#include <boost/program_options.hpp>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "daemon/fallback.hpp"
#include "daemon/max_pods.hpp"
#include "daemon/module_set.hpp"
#include "daemon/preflight.hpp"
#include "daemon/runtime.hpp"
#include "daemon/service_manager.hpp"
#include "profile/profile.hpp"
#include "terway/error.hpp"

namespace {

namespace po = boost::program_options;
using namespace terway::daemon;

constexpr const char* kUsage =
    "terwayd: gives pods their network, as the profile says\n"
    "\n"
    "  terwayd --profile FILE [--pod-cidr CIDR]...   run until SIGTERM\n"
    "  terwayd --check-config FILE                   examine a profile and its modules\n"
    "  terwayd --preflight --profile FILE            examine the node\n"
    "  terwayd --max-pods --profile FILE             how many pods it can hold, for the kubelet\n"
    "\n"
    "Exit status: 0 fine, 1 cannot run, 2 the configuration is wrong, 3 the node lacks "
    "something.\n";

po::options_description options() {
    po::options_description all("Options");
    auto add = all.add_options();
    add("profile,p", po::value<std::string>()->default_value("/etc/terway/profile.toml"),
        "the profile");
    add("pod-cidr", po::value<std::vector<std::string>>()->composing(),
        "a pod CIDR of this node; once a family; instead of [node] pod_cidrs");
    add("check-config", po::value<std::string>(), "only examine this profile");
    add("preflight", "only examine the node");
    add("max-pods", "only print how many pods this node can hold");
    add("log-level", po::value<std::string>()->default_value("info"),
        "debug, info, warning or error");
    add("version", "print the version");
    add("help,h", "print this");
    return all;
}

std::optional<terway::profile::Profile> load(terway::profile::Diagnostics& diagnostics,
                                             const po::variables_map& given) {
    auto profile = terway::profile::load(diagnostics);
    if (profile && given.count("pod-cidr") != 0) {
        profile->node.pod_cidrs =
            terway::profile::parse_pod_cidrs(given["pod-cidr"].as<std::vector<std::string>>());
    }
    return profile;
}

int check_config(const std::string& file, const po::variables_map& given) {
    terway::profile::Diagnostics diagnostics(file);
    const auto profile = load(diagnostics, given);
    if (profile) {
        (void)load_modules(*profile, diagnostics);
    }
    std::cerr << diagnostics.print();
    if (!diagnostics.ok()) {
        return kExitConfig;
    }
    std::cout << file << ": fine (profile " << profile->name << ")\n";
    return 0;
}

int examine_node(const terway::profile::Profile& profile,
                 terway::profile::Diagnostics& diagnostics) {
    const auto modules = load_modules(profile, diagnostics);
    std::cerr << diagnostics.print();
    if (!diagnostics.ok()) {
        return kExitConfig;
    }
    const auto results = preflight(modules);
    std::cout << to_text(results);
    const auto fitted = fit(profile, results);
    for (const auto& each : fitted.in_force) {
        std::cout << "new pods get the fallback " << each.to << " in place of " << each.from << ": "
                  << each.reason << "\n";
    }
    for (const auto& lines : {fitted.unusable, fitted.refusals}) {
        for (const auto& line : lines) {
            std::cout << line << "\n";
        }
    }
    return fitted.refusals.empty() ? 0 : kExitPreflight;
}

// The number alone on standard output, for scripts.
int print_max_pods(const terway::profile::Profile& profile) {
    const auto all = max_pods_here(profile);
    for (const auto& reason : all.reasons) {
        std::cerr << reason << "\n";
    }
    std::cout << all.count << "\n";
    return 0;
}

int run_with(const po::variables_map& given) {
    if (given.count("help") != 0) {
        std::cout << kUsage << "\n" << options();
        return 0;
    }
    if (given.count("version") != 0) {
        std::cout << "terwayd " << TERWAY_VERSION << ", module ABI " << TWY_ABI_MAJOR << "."
                  << TWY_ABI_MINOR << "\n";
        return 0;
    }
    const auto level = terway::log::parse_level(given["log-level"].as<std::string>());
    if (!level) {
        throw terway::Error(terway::Status::Invalid,
                            "--log-level is debug, info, warning or error");
    }
    terway::log::set_level(*level);
    if (given.count("check-config") != 0) {
        return check_config(given["check-config"].as<std::string>(), given);
    }
    terway::profile::Diagnostics diagnostics(given["profile"].as<std::string>());
    const auto profile = load(diagnostics, given);
    if (!profile) {
        std::cerr << diagnostics.print();
        return kExitConfig;
    }
    if (given.count("max-pods") != 0) {
        return print_max_pods(*profile);
    }
    if (::geteuid() != 0) {
        std::cerr << "terwayd: needs root: it makes links, routes and nftables rules\n";
        return kExitPreflight;
    }
    if (given.count("preflight") != 0) {
        return examine_node(*profile, diagnostics);
    }
    hold_signals();
    return run(*profile, diagnostics);
}

}  // namespace

int main(int argc, char** argv) {
    // Requests come in bursts, a thread each; an arena for each thread would be kept for ever.
    ::mallopt(M_ARENA_MAX, 2);
    try {
        po::variables_map given;
        const auto all = options();
        po::store(po::command_line_parser(argc, argv)
                      .options(all)
                      .positional(po::positional_options_description())
                      .run(),
                  given);
        po::notify(given);
        return run_with(given);
    } catch (const po::error& error) {
        std::cerr << "terwayd: " << error.what() << "; see terwayd --help\n";
        return kExitConfig;
    } catch (const terway::Error& error) {
        std::cerr << "terwayd: " << error.what() << "\n";
        return error.status() == terway::Status::Invalid ? kExitConfig : kExitFailure;
    } catch (const std::exception& error) {
        std::cerr << "terwayd: " << error.what() << "\n";
        return kExitFailure;
    }
}
