// What terwayctl and Prometheus are shown of endpoints' limits.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "base/time.hpp"
#include "endpoint/limit_state.hpp"
#include "endpoint/manager.hpp"

namespace terway::daemon {

// Bits a second between two looks at a counter of bytes that begins anew now and then. Pure.
[[nodiscard]] double rate_between(std::uint64_t before, std::uint64_t now, Clock::duration span);

// A monitor; any thread in the host's network namespace. Borrows the manager.
class LimitView {
public:
    explicit LimitView(endpoint::Manager& manager) : manager_(manager) {}

    // By key, of each limited endpoint: {"ingress": {"mode", "limit_bps", "rate_bps", "bytes",
    // "packets", "drops", "backlog_bytes"}, "egress": ...}. Rates are those since the last look;
    // one that is long ago, or none, makes this look twice, a fifth of a second apart.
    [[nodiscard]] std::map<endpoint::EndpointKey, boost::json::object> look(
        const endpoint::Operation& operation);

    // In Prometheus's text format; without rates.
    [[nodiscard]] std::string metrics(const endpoint::Operation& operation) const;

private:
    struct Sample {
        std::string pod_namespace;
        std::string pod_name;
        endpoint::LimitStates states;
        Deadline at;
    };
    using Samples = std::map<endpoint::EndpointKey, Sample>;
    [[nodiscard]] Samples take(const endpoint::Operation& operation) const;

    endpoint::Manager& manager_;
    Mutex mutex_;
    Samples last_ TERWAY_GUARDED_BY(mutex_);
};

}  // namespace terway::daemon
