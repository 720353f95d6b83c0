// Law 4: whatever request to the kernel fails, the module says so and detach restores.
#include "laws.hpp"
#include "terway/error.hpp"

namespace terway::conformance {
namespace {

enum class Verb { Attach, Activate, Detach, Adopt };

constexpr unsigned kEnough = 500;  // a verb with more requests than that never ends

struct Trial {
    Bench& bench;
    Pod& pod;
    const Snapshot& before;
    Verb verb;
    fault::Mode mode;

    void prepare() const {
        if (verb == Verb::Attach) {
            return;
        }
        bench.attach(pod);
        if (verb != Verb::Activate) {
            bench.activate(pod);
        }
    }

    void perform() const {
        switch (verb) {
            case Verb::Attach:
                return bench.attach(pod);
            case Verb::Activate:
                return bench.activate(pod);
            case Verb::Detach:
                return bench.detach(pod);
            case Verb::Adopt:
                return bench.adopt(pod);
        }
    }

    [[nodiscard]] std::string name() const {
        switch (verb) {
            case Verb::Attach:
                return "attach";
            case Verb::Activate:
                return "activate";
            case Verb::Detach:
                return "detach";
            case Verb::Adopt:
                return "adopt";
        }
        return "";
    }

    // A verb that overlooks a failure must have done its work all the same.
    void expect_done(const std::string& when) const {
        if (verb == Verb::Detach) {
            Bench::expect_same(before, bench.world.snapshot(),
                               when + " detach reports success, yet");
            return;
        }
        if (verb == Verb::Attach) {
            bench.activate(pod);
        }
        bench.expect_check_passes(pod, when + " " + name() + " reports success, yet");
    }

    // False once the verb makes fewer than `nth` requests.
    [[nodiscard]] bool strike(unsigned nth) const {
        prepare();
        const auto struck = bench.inject(mode, nth, [&] { perform(); });
        const std::string when =
            (mode == fault::Mode::NotSent ? "when request " : "when the answer to request ") +
            std::to_string(nth) + " of " + name() + " (" + struck.report.request + ") is lost,";
        if (!struck.report.struck) {
            if (struck.error) {
                throw Broken{"without any fault: " + *struck.error, {}};
            }
        } else if (!struck.error) {
            expect_done(when);
        } else if (struck.error->empty() || struck.error->ends_with(": ")) {
            throw Broken{when + " " + name() + " fails without a word", {}};
        }
        try {
            bench.detach(pod);
        } catch (const Error& error) {
            throw Broken{when + " detach fails afterwards: " + error.what(), {}};
        }
        Bench::expect_same(before, bench.world.snapshot(), when + " detach leaves a trace");
        return struck.report.struck;
    }
};

}  // namespace

void law_failure(const Options& options, Kind kind) {
    Bench bench(options, kind);
    Pod& pod = bench.add_pod();
    const auto before = bench.world.snapshot();
    for (const auto verb : {Verb::Attach, Verb::Activate, Verb::Detach, Verb::Adopt}) {
        if (verb == Verb::Activate && kind != Kind::Dataplane) {
            continue;
        }
        for (const auto mode : {fault::Mode::NotSent, fault::Mode::AckLost}) {
            const Trial trial{bench, pod, before, verb, mode};
            unsigned nth = 1;
            while (trial.strike(nth)) {
                if (++nth > kEnough) {
                    throw Broken{trial.name() + " makes more than " + std::to_string(kEnough) +
                                     " requests to the kernel",
                                 {}};
                }
            }
        }
    }
}

}  // namespace terway::conformance
