// terway-deviced: reads its options, then runs.
#include <malloc.h>
#include <signal.h>
#include <sys/stat.h>

#include <boost/program_options.hpp>
#include <cmath>
#include <iostream>
#include <string>

#include <grpc/support/log.h>

#include "base/log.hpp"
#include "cni/config.hpp"
#include "deviced/kubelet.hpp"
#include "deviced/runtime.hpp"
#include "terway/error.hpp"

namespace {

namespace po = boost::program_options;
using terway::Error;
using terway::Status;

constexpr const char* kUsage =
    "terway-deviced: tells the kubelet how many pods can have an ENI of their own\n"
    "\n"
    "Asks terwayd and offers as many devices of the resource; runs until SIGTERM.\n"
    "\n"
    "Exit status: 0 fine, 1 cannot run, 2 wrong usage.\n";

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;
constexpr double kLongestSeconds = 86'400;

po::options_description options() {
    po::options_description all("Options");
    auto add = all.add_options();
    add("socket,s", po::value<std::string>()->default_value(terway::cni::kDefaultSocket),
        "of the daemon");
    add("kubelet-dir", po::value<std::string>()->default_value("/var/lib/kubelet/device-plugins"),
        "where the kubelet's kubelet.sock is, and our socket will be");
    add("endpoint", po::value<std::string>()->default_value("terway-eni.sock"),
        "our socket's name there");
    add("resource", po::value<std::string>()->default_value("aliyun/eni"), "what we offer");
    add("poll", po::value<double>()->default_value(2), "seconds between questions to the daemon");
    add("patience", po::value<double>()->default_value(300),
        "seconds until devices of a silent daemon are unhealthy");
    add("log-level", po::value<std::string>()->default_value("info"),
        "debug, info, warning or error");
    add("version", "print the version");
    add("help,h", "print this");
    return all;
}

std::chrono::milliseconds seconds_of(const po::variables_map& given, const std::string& name) {
    const auto value = given[name].as<double>();
    if (!(value > 0 && value <= kLongestSeconds)) {
        throw Error(Status::Invalid, "--" + name + " is more than 0 and at most a day of seconds");
    }
    return std::chrono::milliseconds(std::llround(std::ceil(value * 1000)));
}

terway::deviced::Options parsed(const po::variables_map& given) {
    terway::deviced::Options all{
        given["socket"].as<std::string>(),   seconds_of(given, "poll"),
        seconds_of(given, "patience"),       given["kubelet-dir"].as<std::string>(),
        given["endpoint"].as<std::string>(), given["resource"].as<std::string>()};
    if (all.endpoint.empty() || all.endpoint.find('/') != std::string::npos ||
        all.endpoint == "kubelet.sock" || all.endpoint.front() == '.') {
        throw Error(Status::Invalid, "--endpoint is the name of a file of our own");
    }
    if (!terway::deviced::is_resource_name(all.resource)) {
        throw Error(Status::Invalid, "--resource \"" + all.resource +
                                         "\" is no extended resource such as aliyun/eni");
    }
    return all;
}

void set_log_level(const std::string& text) {
    const auto level = terway::log::parse_level(text);
    if (!level) {
        throw Error(Status::Invalid, "--log-level is debug, info, warning or error");
    }
    terway::log::set_level(*level);
}

// gRPC's own words, which are about what we see as well.
void log_grpc(gpr_log_func_args* line) {
    terway::log::debug("gRPC", {{"text", line->message}});
}

void prepare_process() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    (void)::signal(SIGPIPE, SIG_IGN);
    (void)::umask(0077);
    gpr_set_log_function(log_grpc);
}

int run(int argc, char** argv) {
    po::variables_map given;
    const auto all = options();
    po::store(po::command_line_parser(argc, argv)
                  .options(all)
                  .positional(po::positional_options_description())
                  .run(),
              given);
    po::notify(given);
    if (given.count("help") != 0) {
        std::cout << kUsage << "\n" << all;
        return 0;
    }
    if (given.count("version") != 0) {
        std::cout << "terway-deviced " << TERWAY_VERSION << "\n";
        return 0;
    }
    set_log_level(given["log-level"].as<std::string>());
    const auto chosen = parsed(given);
    prepare_process();
    terway::deviced::run(chosen);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    ::mallopt(M_ARENA_MAX, 2);
    try {
        return run(argc, argv);
    } catch (const po::error& error) {
        std::cerr << "terway-deviced: " << error.what() << "; see terway-deviced --help\n";
        return kExitUsage;
    } catch (const Error& error) {
        std::cerr << "terway-deviced: " << error.what() << "\n";
        return error.status() == Status::Invalid ? kExitUsage : kExitFailure;
    } catch (const std::exception& error) {
        std::cerr << "terway-deviced: " << error.what() << "\n";
        return kExitFailure;
    }
}
