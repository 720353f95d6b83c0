// Laws 14 to 16: what a dataplane does to an ENI can be repeated, undone, checked and survives
// failures.
#include "command.hpp"
#include "laws.hpp"
#include "terway/error.hpp"

namespace terway::conformance {
namespace {

constexpr unsigned kEnough = 500;  // a verb with more requests than that never ends

bool check_passes(Bench& bench) {
    try {
        bench.world.check_eni();
    } catch (const Error&) {
        return false;
    }
    return true;
}

// False once prepare makes fewer than `nth` requests.
bool strike(Bench& bench, const Snapshot& bare, fault::Mode mode, unsigned nth) {
    const auto struck = bench.inject(mode, nth, [&] { bench.world.prepare_eni(); });
    const std::string when =
        (mode == fault::Mode::NotSent ? "when request " : "when the answer to request ") +
        std::to_string(nth) + " of prepare (" + struck.report.request + ") is lost,";
    if (!struck.report.struck && struck.error) {
        throw Broken{"without any fault: " + *struck.error, {}};
    }
    if (struck.report.struck && !struck.error && !check_passes(bench)) {
        throw Broken{when + " prepare reports success, yet check finds a fault", {}};
    }
    bench.world.forget_eni();
    Bench::expect_same(bare, bench.world.snapshot(), when + " forget leaves a trace");
    return struck.report.struck;
}

// What somebody may have done to an ENI that no pod has.
constexpr const char* kMischief[] = {"link set dev eth1 up\n", "link set dev eth1 mtu 1400\n",
                                     "address add 10.88.0.77/24 dev eth1\n",
                                     "link set dev eth1 up\naddress add 10.88.0.77/32 dev eth1\n"};

void expect_cleaning(Bench& bench) {
    bench.world.prepare_eni();
    const auto prepared = bench.world.snapshot();
    for (const auto* mischief : kMischief) {
        ip(bench.world.host().fd(), mischief);
        if (check_passes(bench)) {
            throw Broken{"check of the ENI finds nothing wrong after this was done to it: " +
                             std::string(mischief),
                         {}};
        }
        bench.world.prepare_eni();
        Bench::expect_same(
            prepared, bench.world.snapshot(),
            "prepare does not clean an ENI to which this was done: " + std::string(mischief));
    }
}

}  // namespace

void law_eni_undo(const Options& options, Kind kind) {
    Bench bench(options, kind, false);
    bench.world.start_bare();
    const auto bare = bench.world.snapshot();
    bench.world.forget_eni();
    Bench::expect_same(bare, bench.world.snapshot(), "a second forget changes something");
    bench.world.prepare_eni();
    const auto prepared = bench.world.snapshot();
    bench.world.prepare_eni();
    Bench::expect_same(prepared, bench.world.snapshot(), "a second prepare changes something");
    if (!check_passes(bench)) {
        throw Broken{"check finds a fault right after prepare", {}};
    }
    bench.world.forget_eni();
    Bench::expect_same(bare, bench.world.snapshot(), "prepare and forget leave a trace");
    bench.world.prepare_eni();
    Pod& pod = bench.add_pod();
    bench.bring_up(pod);
    const auto active = bench.world.snapshot();
    bench.world.prepare_eni();
    Bench::expect_same(active, bench.world.snapshot(), "prepare disturbs an active endpoint");
}

void law_eni_check(const Options& options, Kind kind) {
    Bench bench(options, kind, false);
    bench.world.start_bare();
    if (bench.world.exclusive()) {
        expect_cleaning(bench);  // preparing makes nothing, it takes away
        return;
    }
    const auto bare = bench.world.snapshot();
    bench.world.prepare_eni();
    const auto prepared = bench.world.snapshot();
    const auto objects = difference(bare, prepared).appeared;
    if (objects.empty()) {
        throw Broken{"nothing that prepare made can be seen", {}};
    }
    for (const auto& object : objects) {
        if (!remove_object(bench.world.netns_fd(object.place), object).empty()) {
            continue;
        }
        if (check_passes(bench)) {
            throw Broken{
                "check of the ENI finds nothing wrong after this was deleted: " + object.text(),
                {}};
        }
        bench.world.prepare_eni();
        Bench::expect_same(prepared, bench.world.snapshot(),
                           "prepare does not repair what was deleted (" + object.text() + ")");
    }
}

void law_eni_failure(const Options& options, Kind kind) {
    Bench bench(options, kind, false);
    bench.world.start_bare();
    const auto bare = bench.world.snapshot();
    for (const auto mode : {fault::Mode::NotSent, fault::Mode::AckLost}) {
        unsigned nth = 1;
        while (strike(bench, bare, mode, nth)) {
            if (++nth > kEnough) {
                throw Broken{"prepare makes more requests to the kernel than anyone needs", {}};
            }
        }
    }
}

}  // namespace terway::conformance
