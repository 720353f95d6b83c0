// Laws 1, 2, 3 and 11: what is done can be undone, also twice, also never having been done.
#include "laws.hpp"

namespace terway::conformance {

void law_undo(const Options& options, Kind kind) {
    Bench bench(options, kind);
    Pod& pod = bench.add_pod();
    const auto before = bench.world.snapshot();
    bench.attach(pod);
    bench.detach(pod);
    bench.expect_same(before, bench.world.snapshot(), "attach and detach leave a trace");
    bench.bring_up(pod);
    bench.detach(pod);
    bench.expect_same(before, bench.world.snapshot(), "attach, activate and detach leave a trace");
    bench.bring_up(pod);
    bench.bring_up(pod);
    bench.expect_check_passes(pod, "after a second attach of the same endpoint");
    bench.detach(pod);
    bench.expect_same(before, bench.world.snapshot(),
                      "detach after a second attach of the same endpoint leaves a trace");
}

void law_repeat(const Options& options, Kind kind) {
    Bench bench(options, kind);
    Pod& pod = bench.add_pod();
    const auto before = bench.world.host_snapshot();
    bench.bring_up(pod);
    bench.detach(pod);
    const auto once = bench.world.snapshot();
    bench.detach(pod);
    bench.expect_same(once, bench.world.snapshot(), "a second detach changes something");
    bench.bring_up(pod);
    auto key = World::key_alone(pod);
    bench.detach(key, pod.label + " by its key alone");
    bench.expect_same(
        before, bench.world.host_snapshot(),
        "detach by the key alone, without sandbox, addresses and state, leaves a trace "
        "on the host");
}

void law_unknown(const Options& options, Kind kind) {
    Bench bench(options, kind);
    Pod& stranger = bench.add_pod();
    const auto empty = bench.world.snapshot();
    bench.detach(stranger);
    bench.expect_same(empty, bench.world.snapshot(),
                      "detach of an endpoint never attached changes something");
    Pod& pod = bench.add_pod();
    bench.bring_up(pod);
    const auto before = bench.world.snapshot();
    bench.detach(stranger);
    auto key = World::key_alone(stranger);
    bench.detach(key, stranger.label + " by its key alone");
    bench.expect_same(
        before, bench.world.snapshot(),
        "detach of an endpoint never attached, beside one that is, changes something");
}

void law_start(const Options& options, Kind kind) {
    Bench bench(options, kind, false);
    Pod& pod = bench.add_pod();
    const auto before = bench.world.snapshot();
    bench.world.start();
    const auto started = bench.world.snapshot();
    bench.world.start();
    bench.expect_same(started, bench.world.snapshot(), "a second start changes something");
    bench.bring_up(pod);
    const auto active = bench.world.snapshot();
    bench.world.start();
    bench.expect_same(active, bench.world.snapshot(), "start disturbs an active endpoint");
    bench.world.restart();
    bench.expect_same(active, bench.world.snapshot(),
                      "a restart of the daemon disturbs an active endpoint");
    bench.detach(pod);
    bench.world.purge();
    bench.expect_same(before, bench.world.snapshot(), "purge leaves a trace of start");
    bench.world.purge();
    bench.expect_same(before, bench.world.snapshot(), "a second purge changes something");
}

}  // namespace terway::conformance
