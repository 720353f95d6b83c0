// terway-bench: reads its options, runs a benchmark, prints what it found.
#include <unistd.h>

#include <boost/program_options.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "cni_bench.hpp"
#include "interrupt.hpp"
#include "terway/error.hpp"

namespace {

namespace po = boost::program_options;
using namespace terway::bench;

constexpr const char* kUsage =
    "terway-bench: measures Terway on this machine\n"
    "\n"
    "  terway-bench cni [--rounds N] [--out FILE]\n"
    "\n"
    "cni compares ADD and DEL with Debian's ptp and host-local, and with the kernel's own cost of\n"
    "making the same links, routes and set elements by hand. Everything happens in network\n"
    "namespaces of its own, with a terwayd of its own. It needs root and a quiet machine; what\n"
    "counts are the ratios. A table goes to standard output, progress to standard error.\n"
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
    add("rounds", po::value<unsigned>()->default_value(200), "rounds with one pod at a time");
    add("storms", po::value<unsigned>()->default_value(10), "rounds with a hundred pods at once");
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

int bench(const po::variables_map& given) {
    if (given["what"].as<std::string>() != "cni") {
        std::cerr << "terway-bench: there is no benchmark \"" << given["what"].as<std::string>()
                  << "\"; see terway-bench --help\n";
        return kExitUsage;
    }
    CniOptions wanted;
    wanted.programs = {given["bin"].as<std::string>(), given["modules"].as<std::string>(),
                       given["peers"].as<std::string>()};
    wanted.rounds = given["rounds"].as<unsigned>();
    wanted.storms = given["storms"].as<unsigned>();
    if (wanted.rounds == 0 || wanted.storms == 0) {
        std::cerr << "terway-bench: --rounds and --storms are at least 1\n";
        return kExitUsage;
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
    const auto rows = bench_cni(wanted);
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
