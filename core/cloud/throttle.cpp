#include "cloud/throttle.hpp"

#include <algorithm>
#include <cmath>

namespace terway::cloud {
namespace {

constexpr std::uint32_t kOthers = 500;

}  // namespace

CallsPerMinute default_calls_per_minute() {
    return {{"AssignIpv6Addresses", 400},       {"AssignPrivateIpAddresses", 400},
            {"AttachNetworkInterface", 500},    {"CreateNetworkInterface", 500},
            {"CreateRouteEntry", 300},          {"DeleteNetworkInterface", 500},
            {"DeleteRouteEntry", 300},          {"DescribeInstanceTypes", 400},
            {"DescribeNetworkInterfaces", 800}, {"DescribeRouteEntryList", 300},
            {"DescribeRouteTableList", 300},    {"DescribeVSwitches", 300},
            {"DetachNetworkInterface", 400},    {"UnassignIpv6Addresses", 400},
            {"UnassignPrivateIpAddresses", 400}};
}

Throttle::Throttle(const CallsPerMinute& caps) : caps_(default_calls_per_minute()) {
    for (const auto& [action, cap] : caps) {
        caps_[action] = cap;
    }
}

std::optional<std::chrono::milliseconds> Throttle::reserve(const std::string& action, Deadline now,
                                                           std::chrono::milliseconds longest) {
    const auto found = caps_.find(action);
    const double cap = found == caps_.end() ? kOthers : found->second;
    if (cap == 0) {
        return std::chrono::milliseconds::zero();
    }
    const double per_millisecond = cap / 60'000;
    const MutexLock lock(mutex_);
    auto& bucket = buckets_.try_emplace(action, Bucket{cap, now}).first->second;
    const std::chrono::duration<double, std::milli> elapsed =
        std::max(now, bucket.filled) - bucket.filled;
    bucket.tokens = std::min(cap, bucket.tokens + elapsed.count() * per_millisecond);
    bucket.filled = std::max(now, bucket.filled);
    const double missing = std::max(0.0, 1 - bucket.tokens);
    const std::chrono::milliseconds wait(
        static_cast<std::int64_t>(std::ceil(missing / per_millisecond)));
    if (wait > longest) {
        return std::nullopt;
    }
    bucket.tokens -= 1;
    return wait;
}

}  // namespace terway::cloud
