#include "sim/cloud/throttle.hpp"

#include <algorithm>
#include <cmath>

namespace terway::sim {

std::optional<Milliseconds> Buckets::take(const std::string& key, const Throttle& throttle,
                                          WallTime now) {
    if (throttle.per_minute <= 0) {
        return std::nullopt;
    }
    constexpr double kMinute = 60000;
    const double burst = throttle.burst > 0 ? throttle.burst : throttle.per_minute;
    auto [found, fresh] = buckets_.try_emplace(key, Bucket{burst, now, throttle});
    Bucket& bucket = found->second;
    if (!(bucket.throttle == throttle)) {
        bucket = {burst, now, throttle};
    }
    const auto passed = static_cast<double>(std::max((now - bucket.at).count(), std::int64_t{0}));
    bucket.tokens = std::min(burst, bucket.tokens + passed * throttle.per_minute / kMinute);
    bucket.at = std::max(bucket.at, now);
    if (bucket.tokens >= 1) {
        bucket.tokens -= 1;
        return std::nullopt;
    }
    return Milliseconds(
        static_cast<std::int64_t>(std::ceil((1 - bucket.tokens) * kMinute / throttle.per_minute)));
}

}  // namespace terway::sim
