// Laws 5 and 6: a new daemon finds what the old one made, and sees what is missing.
#include <algorithm>
#include <cstdio>

#include "laws.hpp"
#include "normalise.hpp"
#include "terway/error.hpp"

namespace terway::conformance {
namespace {

void expect_adopted(Bench& bench, Pod& pod, const Snapshot& active, const twy_attachment& made,
                    const std::string& when) {
    bench.adopt(pod);
    const auto found = difference(made, pod.made);
    if (!found.empty()) {
        throw Broken{"adopt " + when + " answers another attachment:" + found, {}};
    }
    bench.expect_same(active, bench.world.snapshot(), "adopt " + when + " changes something");
}

std::vector<Object> made_by_module(const Snapshot& before, const Snapshot& after) {
    return difference(before, after).appeared;
}

// One object of those the module makes, deleted behind its back.
class Deletion {
public:
    Deletion(Bench& bench, Pod& pod, const Snapshot& bare)
        : bench_(bench), pod_(pod), bare_(bare) {}

    // False if the object cannot be deleted alone.
    bool survive(const std::string& text) {
        bench_.bring_up(pod_);
        bench_.expect_check_passes(pod_, "after activate");
        const auto active = bench_.world.snapshot();
        const auto objects = made_by_module(bare_, active);
        const auto object = std::find_if(objects.begin(), objects.end(),
                                         [&](const Object& each) { return each.text() == text; });
        const auto reason = object == objects.end() ? "it is not there the second time"
                            : is_nic(*object)
                                ? "the kernel does not delete a NIC"
                                : remove_object(bench_.world.netns_fd(object->place), *object);
        if (reason.empty()) {
            if (!eni_complains()) {
                bench_.expect_check_fails(pod_, "after this was deleted: " + text);
            }
            if (object->place == "host" && object->kind != "link") {
                bench_.world.start();
                bench_.adopt(pod_);
                bench_.expect_same(active, bench_.world.snapshot(),
                                   "start and adopt do not repair what was deleted (" + text + ")");
            }
        } else if (bench_.world.options().verbose) {
            (void)std::fprintf(stderr, "       left out: %s: %s\n", text.c_str(), reason.c_str());
        }
        bench_.world.start();
        bench_.detach(pod_);
        return reason.empty();
    }

private:
    // A real one; the tool's are ends of veths.
    [[nodiscard]] bool is_nic(const Object& object) const {
        return object.kind == "link" && pod_.nic &&
               member(object.raw, "address") == pod_.nic->text();
    }

    // What belongs to the ENI is for its own check to see.
    [[nodiscard]] bool eni_complains() const {
        if (!bench_.world.serves_eni()) {
            return false;
        }
        try {
            bench_.world.check_eni();
        } catch (const Error&) {
            return true;
        }
        return false;
    }

    Bench& bench_;
    Pod& pod_;
    const Snapshot& bare_;
};

}  // namespace

void law_adopt(const Options& options, Kind kind) {
    Bench bench(options, kind);
    Pod& pod = bench.add_pod();
    bench.bring_up(pod);
    const twy_attachment made = pod.made;
    const auto active = bench.world.snapshot();
    expect_adopted(bench, pod, active, made, "of an active endpoint");
    bench.world.restart();
    expect_adopted(bench, pod, active, made, "after a restart of the daemon");
    bench.world.restart();
    pod.endpoint.netns(-1);
    expect_adopted(bench, pod, active, made, "without its sandbox");
    pod.endpoint.netns(pod.netns.fd());
    bench.expect_check_passes(pod, "after adopt");
}

void law_check(const Options& options, Kind kind) {
    Bench bench(options, kind, false);
    Pod& pod = bench.add_pod();
    const auto bare = bench.world.snapshot();
    bench.world.start();
    bench.bring_up(pod);
    bench.expect_check_passes(pod, "after activate");
    const auto objects = made_by_module(bare, bench.world.snapshot());
    bench.detach(pod);
    Deletion deletion(bench, pod, bare);
    int survived = 0;
    for (const auto& object : objects) {
        survived += deletion.survive(object.text()) ? 1 : 0;
    }
    if (survived == 0) {
        throw Broken{"nothing that attach made can be seen and deleted", {}};
    }
}

}  // namespace terway::conformance
