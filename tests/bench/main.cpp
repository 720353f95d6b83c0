// terway-bench: reads its options, runs a benchmark, prints what it found.
#include <unistd.h>

#include <boost/program_options.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "bandwidth_bench.hpp"
#include "bpf_bench.hpp"
#include "cni_bench.hpp"
#include "dataplane_bench.hpp"
#include "interrupt.hpp"
#include "kube_bench.hpp"
#include "policy_bench.hpp"
#include "pool_bench.hpp"
#include "service_bench.hpp"
#include "terway/error.hpp"

namespace {

namespace po = boost::program_options;
using namespace terway::bench;

constexpr const char* kUsage =
    "terway-bench: measures Terway on this machine\n"
    "\n"
    "  terway-bench cni [--rounds N] [--storms N] [--out FILE]\n"
    "  terway-bench pool [--rounds N] [--bursts N] [--hours N] [--steps N] [--out FILE]\n"
    "  terway-bench dataplane [--rounds N] [--slice MS] [--bursts N] [--only NAME]...\n"
    "                [--out FILE]\n"
    "  terway-bench bandwidth [--measure MS] [--mode MODE] [--limit LIMIT]... [--only NAME]...\n"
    "                [--out FILE]\n"
    "  terway-bench kube [--rounds N] [--out FILE]\n"
    "  terway-bench policy [--pods N] [--namespaces N] [--policies N] [--local N] [--events N]\n"
    "                [--churn-seconds N] [--churn-rate N] [--members N] [--rounds N]\n"
    "                [--slice MS] [--only PART]... [--out FILE]\n"
    "  terway-bench service [--services N] [--endpoints N] [--rounds N] [--events N] [--out FILE]\n"
    "  terway-bench bpf [--services N] [--endpoints N] [--rounds N] [--slice MS] [--out FILE]\n"
    "\n"
    "cni compares ADD and DEL with Debian's ptp and host-local, and with the kernel's own cost of\n"
    "making the same links, routes and set elements by hand.\n"
    "\n"
    "pool measures the ENI pool on a simulated cloud: ADDs from the warm pool beside VPC route\n"
    "mode, bursts on a cold node beside the least that the cloud's delays allow, hours of churn "
    "in\n"
    "virtual time, and the ledger alone.\n"
    "\n"
    "dataplane sends traffic between pods of each dataplane, of Debian's plugins, and between "
    "bare\n"
    "NICs of the same simulated VPC, in turn.\n"
    "\n"
    "bandwidth limits pods of each dataplane, and of Debian's ptp with its bandwidth plugin, to "
    "rates\n"
    "from 1 Mbit/s to 5 Gbit/s, and looks at what comes through.\n"
    "\n"
    "kube reads the pods and namespaces of a large cluster as its API server would show them, and\n"
    "adds pods with Kubernetes and without.\n"
    "\n"
    "policy has a daemon follow the NetworkPolicies of a large cluster, and looks at what they "
    "cost\n"
    "packets.\n"
    "\n"
    "service reads the Services of a large cluster and chooses their endpoints, in one process.\n"
    "\n"
    "bpf loads and attaches policy-bpf's programs, and connects by Services beside the chains "
    "that\n"
    "kube-proxy writes for iptables.\n"
    "\n"
    "Everything happens in network namespaces of its own, with a terwayd of its own. It needs "
    "root\n"
    "and a quiet machine; what counts are the ratios. A table goes to standard output, progress "
    "to\n"
    "standard error.\n"
    "\n"
    "Exit status: 0 measured (a missed goal is shown, not punished), 1 could not measure,\n"
    "2 wrong usage, 130 interrupted.\n";

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;
constexpr int kExitInterrupted = 130;

std::string own_directory() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

po::options_description options() {
    const auto bin = own_directory();
    po::options_description all("Options");
    auto add = all.add_options();
    add("rounds", po::value<unsigned>(), "200 with one pod at a time, 15 of traffic");
    add("bursts", po::value<unsigned>(),
        "10 rounds with 200 pods at once on a cold node, or 5 with 20 at once and an ENI each");
    add("hours", po::value<unsigned>()->default_value(5), "of churn, in virtual time");
    add("steps", po::value<unsigned>()->default_value(1'000'000), "of the ledger alone");
    add("storms", po::value<unsigned>()->default_value(10), "rounds with a hundred pods at once");
    add("slice", po::value<unsigned>()->default_value(100), "milliseconds of each traffic");
    add("measure", po::value<unsigned>()->default_value(2000),
        "milliseconds of each look at a limited pod (longer at a low limit), half as long again "
        "before it");
    add("mode", po::value<std::string>()->default_value("auto"), "of bandwidth-tc");
    add("limit", po::value<std::vector<std::string>>()->composing()->default_value({}, "all"),
        "1m, 10m, 100m, 1g or 5g bit/s; may be repeated");
    add("pods", po::value<unsigned>()->default_value(10'000), "of the cluster with policies");
    add("namespaces", po::value<unsigned>()->default_value(1'000), "of that cluster");
    add("policies", po::value<unsigned>()->default_value(2'000), "of that cluster");
    add("local", po::value<unsigned>()->default_value(100), "pods of it on the node under test");
    add("events", po::value<unsigned>()->default_value(1'000), "of which each is timed");
    add("services", po::value<unsigned>()->default_value(10'000), "of a large cluster");
    add("endpoints", po::value<unsigned>()->default_value(50'000), "of these Services");
    add("churn-seconds", po::value<unsigned>()->default_value(60), "of changing labels");
    add("churn-rate", po::value<unsigned>()->default_value(1'000), "changes of labels a second");
    add("members", po::value<unsigned>()->default_value(100'000),
        "of the largest set of addresses");
    add("only", po::value<std::vector<std::string>>()->composing()->default_value({}, "all"),
        "a dataplane or plugin, or a part of policy (resolver, daemon, traffic); may be repeated");
    add("out", po::value<std::string>(), "write the rows as JSON to this file");
    add("bin", po::value<std::string>()->default_value(bin), "where terwayd and terway are");
    add("modules",
        po::value<std::string>()->default_value(
            (std::filesystem::path(bin).parent_path() / "modules").string()),
        "where veth.so is");
    add("peers", po::value<std::string>()->default_value("/usr/lib/cni"),
        "where ptp and host-local are");
    add("help,h", "print this");
    return all;
}

unsigned count(const po::variables_map& given, const std::string& option) {
    const auto value = given[option].as<unsigned>();
    if (value == 0) {
        throw po::error("--" + option + " is at least 1");
    }
    return value;
}

unsigned count_or(const po::variables_map& given, const std::string& option, unsigned usual) {
    return given.count(option) != 0 ? count(given, option) : usual;
}

std::vector<Row> measure(const std::string& what, const po::variables_map& given) {
    const Programs programs{given["bin"].as<std::string>(), given["modules"].as<std::string>(),
                            given["peers"].as<std::string>()};
    if (what == "cni") {
        return bench_cni({programs, count_or(given, "rounds", 200), count(given, "storms")});
    }
    if (what == "dataplane") {
        return bench_dataplane({programs, count_or(given, "rounds", 15),
                                std::chrono::milliseconds(count(given, "slice")),
                                count_or(given, "bursts", 5),
                                given["only"].as<std::vector<std::string>>()});
    }
    if (what == "bandwidth") {
        const std::chrono::milliseconds span(count(given, "measure"));
        return bench_bandwidth({programs,
                                {span / 2, span},
                                given["only"].as<std::vector<std::string>>(),
                                given["limit"].as<std::vector<std::string>>(),
                                given["mode"].as<std::string>()});
    }
    if (what == "kube") {
        return bench_kube({.programs = programs, .rounds = count_or(given, "rounds", 200)});
    }
    if (what == "policy") {
        return bench_policy(
            {.programs = programs,
             .scale = {count(given, "pods"), count(given, "namespaces"), count(given, "policies"),
                       count(given, "local")},
             .events = count(given, "events"),
             .churn = {std::chrono::seconds(count(given, "churn-seconds")),
                       count(given, "churn-rate")},
             .traffic = {count_or(given, "rounds", 15),
                         std::chrono::milliseconds(count(given, "slice")), count(given, "members")},
             .only = given["only"].as<std::vector<std::string>>()});
    }
    if (what == "service") {
        return bench_service({.services = count(given, "services"),
                              .endpoints = count(given, "endpoints"),
                              .rounds = count_or(given, "rounds", 5),
                              .events = count(given, "events")});
    }
    if (what == "bpf") {
        const World world;
        return bench_bpf({.programs = programs,
                          .scratch = world.scratch(),
                          .rounds = count_or(given, "rounds", 15),
                          .slice = std::chrono::milliseconds(count(given, "slice")),
                          .services = count(given, "services"),
                          .endpoints = count(given, "endpoints")});
    }
    return bench_pool({programs, count_or(given, "rounds", 200), count_or(given, "bursts", 10),
                       std::chrono::hours(count(given, "hours")), count(given, "steps")});
}

int bench(const po::variables_map& given) {
    const auto what = given["what"].as<std::string>();
    if (what != "cni" && what != "pool" && what != "dataplane" && what != "kube" &&
        what != "bandwidth" && what != "policy" && what != "service" && what != "bpf") {
        throw po::error("there is no benchmark \"" + what + "\"");
    }
    std::ofstream out;
    if (given.count("out") != 0) {
        out.open(given["out"].as<std::string>());
        if (!out) {
            throw terway::Error(terway::Status::Invalid,
                                "cannot write " + given["out"].as<std::string>());
        }
    }
    const auto machine = Machine::here();
    const auto rows = measure(what, given);
    std::cout << machine.cpu << ", " << machine.cores << " cores, Linux " << machine.kernel
              << ", load " << machine.load << "\n"
              << table(rows);
    if (out.is_open()) {
        out << to_json(machine, rows);
        if (!out.flush()) {
            throw terway::Error(terway::Status::Internal,
                                "cannot write " + given["out"].as<std::string>());
        }
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const auto visible = options();
        po::options_description all = visible;
        all.add_options()("what", po::value<std::string>());
        po::positional_options_description place;
        place.add("what", 1);
        po::variables_map given;
        po::store(po::command_line_parser(argc, argv).options(all).positional(place).run(), given);
        po::notify(given);
        if (given.count("help") != 0) {
            std::cout << kUsage << "\n" << visible;
            return 0;
        }
        if (given.count("what") == 0) {
            std::cerr << kUsage;
            return kExitUsage;
        }
        catch_interrupts();
        return bench(given);
    } catch (const po::error& error) {
        std::cerr << "terway-bench: " << error.what() << "; see terway-bench --help\n";
        return kExitUsage;
    } catch (const Interrupted&) {
        std::cerr << "terway-bench: interrupted\n";
        return kExitInterrupted;
    } catch (const std::exception& error) {
        std::cerr << "terway-bench: " << error.what() << "\n";
        return kExitFailure;
    }
}
