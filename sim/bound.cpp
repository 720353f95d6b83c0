#include "sim/bound.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

constexpr std::size_t kPrefixPods = 16;
constexpr std::size_t kIpv4AtCreation = 50;
constexpr std::size_t kAtCreation = 10;  // IPv6 addresses, prefixes of either family

// A random time on a grid of milliseconds.
struct Chance {
    std::size_t offset = 0;
    std::vector<double> weight;  // of offset, offset + 1, ...

    [[nodiscard]] std::size_t end() const { return offset + weight.size(); }
    [[nodiscard]] double at(std::size_t time) const {
        return time < offset || time >= end() ? 0 : weight[time - offset];
    }
    [[nodiscard]] std::vector<double> cumulative(std::size_t size) const {
        std::vector<double> sum(size);
        double total = 0;
        for (std::size_t time = 0; time < size; ++time) {
            total += at(time);
            sum[time] = total;
        }
        return sum;
    }
};

Chance within(const Range& range) {
    const auto size = static_cast<std::size_t>((range.most - range.least).count()) + 1;
    return {static_cast<std::size_t>(range.least.count()),
            std::vector<double>(size, 1.0 / static_cast<double>(size))};
}

Chance later_of(const Chance& a, const Chance& b) {
    const std::size_t end = std::max(a.end(), b.end());
    const auto sum_a = a.cumulative(end);
    const auto sum_b = b.cumulative(end);
    Chance both{std::max(a.offset, b.offset), {}};
    for (std::size_t time = both.offset; time < end; ++time) {
        const double before = time == 0 ? 0 : sum_a[time - 1] * sum_b[time - 1];
        both.weight.push_back(sum_a[time] * sum_b[time] - before);
    }
    return both;
}

Chance sum_of(const Chance& a, const Chance& b) {
    Chance sum{a.offset + b.offset, std::vector<double>(a.weight.size() + b.weight.size() - 1)};
    for (std::size_t i = 0; i < a.weight.size(); ++i) {
        for (std::size_t j = 0; j < b.weight.size(); ++j) {
            sum.weight[i + j] += a.weight[i] * b.weight[j];
        }
    }
    return sum;
}

double mean_of_longest(const Chance& one, std::size_t count) {
    double mean = static_cast<double>(one.offset);
    double total = 0;
    for (const double weight : one.weight) {
        total = std::min(1.0, total + weight);
        mean += 1 - std::pow(total, static_cast<double>(count));
    }
    return mean;
}

std::size_t divided(std::size_t all, std::size_t by) {
    return (all + by - 1) / by;
}

// Until the count-th call of a kind finds a token.
double throttled(const Settings& settings, const std::string& action, std::size_t count) {
    auto found = settings.throttles.find(action);
    if (found == settings.throttles.end()) {
        found = settings.throttles.find("*");
    }
    if (found == settings.throttles.end() || found->second.per_minute <= 0) {
        return 0;
    }
    const auto& limit = found->second;
    const double burst = limit.burst > 0 ? limit.burst : limit.per_minute;
    return std::max(0.0, static_cast<double>(count) - burst) * 60000 / limit.per_minute;
}

// As few ENIs as possible take more than their creation gives.
std::size_t assigns_for(const Burst& burst, Family family, std::size_t enis) {
    const bool v4 = family == Family::V4;
    const std::size_t kept = v4 && burst.keep_primary && !burst.prefixes ? enis : 0;
    const std::size_t slots = burst.prefixes ? divided(burst.pods, kPrefixPods) : burst.pods + kept;
    const std::size_t at_creation = burst.prefixes || !v4 ? kAtCreation : kIpv4AtCreation;
    const std::size_t most = v4 ? burst.type.ipv4 : burst.type.ipv6;
    if (slots <= enis * at_creation || most <= at_creation) {
        return 0;
    }
    return divided(slots - enis * at_creation, most - at_creation);
}

std::size_t pods_per_eni(const Burst& burst) {
    const std::size_t each = burst.prefixes ? kPrefixPods : 1;
    const std::size_t kept = burst.prefixes || burst.keep_primary ? 1 : 0;
    const std::size_t four = burst.type.ipv4 > kept ? (burst.type.ipv4 - kept) * each : 0;
    const std::size_t six = burst.type.ipv6 * each;
    if (burst.ipv4 && burst.ipv6) {
        return std::min(four, six);
    }
    return burst.ipv4 ? four : six;
}

}  // namespace

Bound bound_of(const Burst& burst) {
    Bound bound;
    if (burst.pods == 0) {
        return bound;
    }
    const std::size_t each = pods_per_eni(burst);
    const std::size_t most = burst.type.enis > 0 ? burst.type.enis - 1 : 0;
    if (each * most < burst.pods) {
        throw Error(Status::Invalid, "burst of " + std::to_string(burst.pods) +
                                         " pods: " + burst.type.id + " holds at most " +
                                         std::to_string(each * most));
    }
    bound.enis = divided(burst.pods, each);
    bound.creates = bound.enis;
    bound.attaches = bound.enis;
    const std::size_t four = burst.ipv4 ? assigns_for(burst, Family::V4, bound.enis) : 0;
    const std::size_t six = burst.ipv6 ? assigns_for(burst, Family::V6, bound.enis) : 0;
    bound.assigns = four + six;

    const Chance latency = within(burst.settings.latency);
    Chance one = sum_of(later_of(latency, within(burst.settings.create)),
                        later_of(latency, within(burst.settings.attach)));
    one = sum_of(one, latency);
    if (bound.assigns != 0) {
        one = sum_of(one, latency);
    }
    const double waiting =
        std::max(throttled(burst.settings, "CreateNetworkInterface", bound.creates),
                 throttled(burst.settings, "AttachNetworkInterface", bound.attaches));
    const auto rounded = [&](double time) {
        return Milliseconds(static_cast<std::int64_t>(std::floor(time + waiting)));
    };
    bound.least = rounded(static_cast<double>(one.offset));
    bound.expected = rounded(mean_of_longest(one, bound.enis));
    return bound;
}

}  // namespace terway::sim
