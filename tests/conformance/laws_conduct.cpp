// Laws 9, 10 and 13: manners.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <span>
#include <thread>

#include "base/file.hpp"
#include "base/time.hpp"
#include "host/probe.hpp"
#include "laws.hpp"
#include "terway/error.hpp"

namespace terway::conformance {
namespace {

constexpr std::uint32_t kLine = 4711;
constexpr std::uint32_t kColumn = 17;

std::ptrdiff_t entries(const char* directory) {
    return std::distance(std::filesystem::directory_iterator(directory),
                         std::filesystem::directory_iterator());
}

// A joined thread stays in /proc for a moment.
bool settles(const std::function<bool()>& reached) {
    const auto deadline = after(std::chrono::seconds(10));
    while (!reached()) {
        if (Clock::now() > deadline) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

void one_life(Bench& bench, Pod& pod) {
    bench.bring_up(pod);
    bench.check(pod);
    bench.adopt(pod);
    bench.detach(pod);
    bench.world.delete_retired_links();
}

void expect_no_leaks(Bench& bench, Pod& pod) {
    one_life(bench, pod);
    const auto fds = entries("/proc/self/fd");
    const auto threads = entries("/proc/self/task");
    for (int i = 0; i < 5; ++i) {
        one_life(bench, pod);
    }
    if (const auto now = entries("/proc/self/fd"); now > fds) {
        throw Broken{"five endpoints leave " + std::to_string(now - fds) + " file descriptors open",
                     {}};
    }
    if (!settles([&] { return entries("/proc/self/task") <= threads; })) {
        throw Broken{"five endpoints leave " +
                         std::to_string(entries("/proc/self/task") - threads) + " threads running",
                     {}};
    }
}

// With no time left a verb may do its work or give up, but it returns.
void expect_no_waiting(Bench& bench, Pod& pod) {
    bench.world.fake().set_call_budget(std::chrono::milliseconds(0));
    const auto begin = Clock::now();
    try {
        bench.bring_up(pod);
    } catch (const Error& error) {
        if (error.status() != Status::Retry) {
            throw Broken{
                std::string("with no time left a verb gives up with something else than RETRY: ") +
                    error.what(),
                {}};
        }
    }
    if (Clock::now() - begin > std::chrono::seconds(2)) {
        throw Broken{"attach and activate with no time left take longer than two seconds", {}};
    }
    bench.world.fake().set_call_budget(std::chrono::seconds(10));
    bench.detach(pod);
}

void expect_host_restored(Bench& bench, const Snapshot& before, const std::string& when) {
    // The kernel takes a dead namespace down in the background.
    Difference left;
    if (!settles(
            [&] { return (left = difference(before, bench.world.host_snapshot())).empty(); })) {
        throw Broken{when, left.lines()};
    }
}

void expect_detach_without_sandbox(Bench& bench, Pod& pod) {
    Pod* const spare = bench.world.exclusive() ? &bench.add_pod() : nullptr;  // and its ENI
    const auto before = bench.world.host_snapshot();
    bench.bring_up(pod);
    pod.endpoint.netns(-1);
    bench.detach(pod);
    if (bench.world.exclusive()) {
        // The ENI comes home when the sandbox dies, and is prepared before anybody gets it.
        bench.world.bury(pod);
        bench.world.prepare_eni();
    }
    expect_host_restored(bench, before, "detach without a sandbox leaves a trace on the host");
    // What only the sandbox holds goes with it; a second pod's goes first.
    Pod& doomed = spare != nullptr ? *spare : bench.add_pod();
    bench.bring_up(doomed);
    bench.world.bury(doomed);
    bench.detach(doomed);
    expect_host_restored(bench, before,
                         "detach after the death of the sandbox leaves a trace on the host");
}

void expect_threads_joined(const Options& options, Kind kind) {
    const auto threads = entries("/proc/self/task");
    {
        Bench bench(options, kind);
        bench.world.destroy_instance();
        if (!settles([&] { return entries("/proc/self/task") <= threads; })) {
            throw Broken{"destroy leaves threads running", {}};
        }
    }
}

}  // namespace

void law_config(const Options& options, Kind kind) {
    Bench bench(options, kind, false);
    auto table = options.config;
    table.integer("no-module-has-this-key", 1).at(kLine, kColumn);
    bool refused = false;
    try {
        bench.world.as_host("configure", [&] { bench.world.module().configure(table); });
    } catch (const Error& error) {
        refused = true;
    }
    if (!refused) {
        throw Broken{"configure accepts a key the module does not know", {}};
    }
    const auto complaints = bench.world.fake().complaints();
    if (std::none_of(complaints.begin(), complaints.end(), [](const auto& each) {
            return each.line == kLine && each.column == kColumn && !each.text.empty();
        })) {
        throw Broken{
            "configure refuses an unknown key without saying where it is (config_error with the "
            "line and the column of the key)",
            {}};
    }
}

void law_conduct(const Options& options, Kind kind) {
    expect_threads_joined(options, kind);
    Bench bench(options, kind);
    Pod& pod = bench.add_pod();
    expect_no_leaks(bench, pod);
    expect_no_waiting(bench, pod);
    expect_detach_without_sandbox(bench, pod);
}

void law_identity(const Options& options, Kind /*kind*/) {
    const std::string image = read_file(options.module_path, 256U << 20U);
    const auto note = host::read_identity(std::as_bytes(std::span(image)));
    const World world(options);
    const twy_module& descriptor = sdk::testing::load_module(options.module_path);
    std::uint32_t kinds = 0;
    for (const auto& [id, bit] :
         {std::pair(TWY_DATAPLANE, host::Kind::Dataplane), std::pair(TWY_QOS, host::Kind::Qos),
          std::pair(TWY_POLICY, host::Kind::Policy), std::pair(TWY_ENI, host::Kind::Eni),
          std::pair(TWY_SERVICE, host::Kind::Service)}) {
        kinds |= world.module().offers(id) ? static_cast<std::uint32_t>(bit) : 0U;
    }
    std::vector<std::string> wrong;
    const auto same = [&](const char* what, const std::string& noted, const std::string& told) {
        if (noted != told) {
            wrong.push_back(std::string(what) + ": the note says " + noted + ", the descriptor " +
                            told);
        }
    };
    same("id", note.id, descriptor.id);
    same("version", note.version, descriptor.version);
    same("ABI", std::to_string(note.abi_major) + "." + std::to_string(note.abi_minor),
         std::to_string(descriptor.abi_major) + "." + std::to_string(descriptor.abi_minor));
    same("interfaces", std::to_string(note.kinds), std::to_string(kinds));
    if (!wrong.empty()) {
        throw Broken{"the ELF note and the descriptor disagree", wrong};
    }
    const std::string name = std::filesystem::path(options.module_path).filename();
    if (name != note.id + ".so") {
        throw Broken{"the file is called " + name + ", but the daemon looks for " + note.id + ".so",
                     {}};
    }
}

}  // namespace terway::conformance
