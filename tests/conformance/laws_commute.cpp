// Law 7: endpoints come and go in any order, also at the same time.
#include <algorithm>
#include <exception>
#include <mutex>
#include <thread>

#include "laws.hpp"

namespace terway::conformance {
namespace {

constexpr int kCrowd = 6;

bool contains(const std::vector<Object>& objects, const Object& wanted) {
    return std::any_of(objects.begin(), objects.end(),
                       [&](const Object& each) { return each.text() == wanted.text(); });
}

// The first failure of any thread.
void all_at_once(const std::vector<Pod*>& pods, const std::function<void(Pod&)>& verb) {
    std::mutex mutex;
    std::exception_ptr failure;
    {
        std::vector<std::jthread> threads;
        threads.reserve(pods.size());
        for (Pod* pod : pods) {
            threads.emplace_back([&, pod] {
                try {
                    verb(*pod);
                } catch (...) {
                    const std::lock_guard lock(mutex);
                    failure = failure ? failure : std::current_exception();
                }
            });
        }
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
}

}  // namespace

void law_commute(const Options& options, Kind kind) {
    Bench bench(options, kind);
    Pod& a = bench.add_pod();
    Pod& b = bench.add_pod();
    const auto none = bench.world.snapshot();
    bench.bring_up(a);
    const auto only_a = bench.world.snapshot();
    bench.bring_up(b);
    bench.detach(b);
    bench.expect_same(only_a, bench.world.snapshot(), "pod b comes and goes, pod a notices");
    bench.expect_check_passes(a, "after pod b came and went");

    bench.bring_up(b);
    const auto again = bench.world.snapshot();
    const auto of_a = difference(none, only_a).appeared;
    bench.detach(a);
    const auto gone = difference(again, bench.world.snapshot());
    std::vector<std::string> wrong;
    for (const auto& object : gone.vanished) {
        if (!contains(of_a, object)) {
            wrong.push_back("- " + object.text());
        }
    }
    if (!wrong.empty()) {
        throw Broken{"detach of pod a, the older one, takes something of pod b along", wrong};
    }
    bench.expect_check_passes(b, "after pod a, the older one, was detached");
    bench.detach(b);
    bench.expect_same(none, bench.world.snapshot(),
                      "two endpoints, the older gone first, leave a trace");

    std::vector<Pod*> crowd{&a, &b};
    while (crowd.size() < kCrowd) {
        crowd.push_back(&bench.add_pod());
    }
    const auto before = bench.world.snapshot();
    all_at_once(crowd, [&](Pod& pod) { bench.bring_up(pod); });
    for (Pod* pod : crowd) {
        bench.expect_check_passes(*pod, "on " + pod->label + " after several attaches at once");
    }
    all_at_once(crowd, [&](Pod& pod) { bench.detach(pod); });
    bench.expect_same(before, bench.world.snapshot(),
                      "several attaches and detaches at once leave a trace");
}

}  // namespace terway::conformance
