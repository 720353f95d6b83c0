// What a law works with: a world, and the verbs of the interface under test in one shape, whichever
// of the three it is.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "fault.hpp"
#include "world.hpp"

namespace terway::conformance {

enum class Kind { Dataplane, Qos, Policy };

class Bench {
public:
    // Starts the module unless told not to.
    Bench(const Options& options, Kind kind, bool start = true);

    // A pod as the verbs of this interface expect it: bare for a dataplane, on a plain veth for the
    // others.
    Pod& add_pod();

    // The verbs; each in the host's namespace on a thread of its own. Throw Error, its text opened
    // by the verb and the pod.
    void attach(Pod& pod);
    void activate(Pod& pod);  // nothing but for a dataplane
    void detach(Pod& pod) { detach(pod.endpoint, pod.label); }
    void detach(sdk::testing::EndpointBuilder& endpoint, const std::string& label);
    void check(Pod& pod);
    void adopt(Pod& pod);  // pod.made becomes what the dataplane answers
    void bring_up(Pod& pod) {
        attach(pod);
        activate(pod);
    }

    // Runs `verb` with a fault; an Error it throws is caught.
    struct Struck {
        fault::Report report;
        std::optional<std::string> error;  // its text
    };
    [[nodiscard]] Struck inject(fault::Mode mode, unsigned nth, const std::function<void()>& verb);

    // Throws Broken with the difference, if there is one.
    static void expect_same(const Snapshot& before, const Snapshot& after, const std::string& when);
    // Throws Broken if `check` has a complaint, or has none.
    void expect_check_passes(Pod& pod, const std::string& when);
    void expect_check_fails(Pod& pod, const std::string& when);

    World world;
    const Kind kind;
};

// The members two attachments disagree about, as text; empty if none.
[[nodiscard]] std::string difference(const twy_attachment& left, const twy_attachment& right);

}  // namespace terway::conformance
