#include "ctl/import_command.hpp"

#include <boost/program_options.hpp>
#include <filesystem>
#include <iostream>
#include <string>

#include "base/file.hpp"
#include "ctl/import_eni_conf.hpp"
#include "ctl/input.hpp"
#include "terway/error.hpp"

namespace terway::ctl {
namespace {

namespace po = boost::program_options;

constexpr const char* kUsage =
    "terwayctl import-eni-conf FILE: makes a profile from the original Terway's configuration\n"
    "\n"
    "FILE is the JSON of eni_conf, or what \"kubectl -n kube-system get cm eni-config -o json\"\n"
    "prints; \"-\" is standard input. What has no equivalent, changes its meaning or is wrong is\n"
    "told on standard error.\n"
    "\n"
    "Exit status: 0 fine, 1 cannot read or write, 2 wrong usage, 3 something was wrong and left\n"
    "out.\n";

constexpr int kExitUsage = 2;
constexpr int kExitTrouble = 3;
constexpr std::size_t kMostBytes = 4U << 20U;
constexpr unsigned kProfileMode = 0644;
constexpr unsigned kSecretMode = 0600;

void check_absent(const std::string& path, bool force) {
    std::error_code error;
    if (!path.empty() && !force &&
        std::filesystem::symlink_status(path, error).type() !=
            std::filesystem::file_type::not_found) {
        throw Error(Status::Invalid, path + " exists; --force replaces it");
    }
}

void write_results(const Import& made, const std::string& output, const std::string& credentials) {
    if (!made.credentials.empty()) {
        write_file_durably(credentials, made.credentials, kSecretMode);
        std::cerr << "terwayctl: the access key is in " << credentials << "\n";
    } else if (!credentials.empty()) {
        std::cerr << "terwayctl: there is no access key to put into " << credentials << "\n";
    }
    if (output.empty()) {
        std::cout << made.profile;
    } else {
        write_file_durably(output, made.profile, kProfileMode);
    }
}

}  // namespace

int import_command(int argc, char** argv) {
    std::string output;
    std::string credentials;
    ImportOptions options;
    po::options_description shown("Options");
    auto add = shown.add_options();
    add("output,o", po::value(&output), "write the profile to this file, not to standard output");
    add("credentials", po::value(&credentials), "write the access key to this file (mode 0600)");
    add("zone", po::value(&options.zone), "take the vSwitches of this zone only");
    add("force", "replace files that exist");
    add("help,h", "print this");
    po::options_description all;
    all.add(shown).add_options()("file", po::value<std::string>());
    po::positional_options_description positional;
    positional.add("file", 1);
    po::variables_map given;
    po::store(po::command_line_parser(argc, argv).options(all).positional(positional).run(), given);
    po::notify(given);
    if (given.count("help") != 0) {
        std::cout << kUsage << "\n" << shown;
        return 0;
    }
    if (given.count("file") == 0) {
        std::cerr << "terwayctl import-eni-conf: which file?\n" << kUsage;
        return kExitUsage;
    }
    const bool force = given.count("force") != 0;
    check_absent(output, force);
    check_absent(credentials, force);
    if (!credentials.empty()) {
        options.credentials_file = std::filesystem::absolute(credentials).lexically_normal();
    }
    const auto input = read_input(given["file"].as<std::string>(), kMostBytes);
    options.file = input.name;
    const auto made = import_eni_conf(input.text, options);
    for (const auto& remark : made.remarks) {
        std::cerr << print(remark, made.source) << "\n";
    }
    write_results(made, output, credentials);
    return made.dropped_something() ? kExitTrouble : 0;
}

}  // namespace terway::ctl
