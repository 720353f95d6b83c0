// Running pods keep the limits and the priority their annotations ask for, also when these change.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>

#include "base/mutex.hpp"
#include "base/time.hpp"
#include "endpoint/qos_wish.hpp"
#include "kube/cache.hpp"

namespace terway::daemon {

// Pods somebody has to look at. A monitor; any thread.
class PodNews {
public:
    using Name = std::pair<std::string, std::string>;  // namespace, name

    void add(std::string_view space, std::string_view name);
    // Waits until there are some; none at the deadline or when stopped.
    [[nodiscard]] std::set<Name> take(const std::stop_token& stop, Deadline deadline);

private:
    Mutex mutex_;
    Condition news_;
    std::set<Name> names_ TERWAY_GUARDED_BY(mutex_);
};

using ApplyLimits =
    std::function<std::optional<endpoint::QosWish>(const kube::Pod&, const endpoint::QosWish&)>;

struct LimitParts {
    PodNews& news;
    const kube::Cache<kube::Pod>& pods;
    // Gives the pod's endpoints these limits; answers what they have, if they had others. Throws
    // Error; then it is called again later.
    ApplyLimits apply;
    // Hears of each change, and of annotations that say nothing sensible: such a pod keeps what it
    // has. Must not throw.
    std::function<void(const kube::Pod&, bool is_warning, const std::string& message)> tell;
    std::chrono::milliseconds pause{5000};  // before what has failed is tried again
};

// Until a stop is asked for. Borrows the parts. One thread.
void follow_limits(const LimitParts& parts, const std::stop_token& stop);

}  // namespace terway::daemon
