// How fast, how generous and how honest the cloud is. Plain data, settable at run time.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace terway::sim {

using Milliseconds = std::chrono::milliseconds;

// A fixed time (both equal) or any within.
struct Range {
    Milliseconds least{0};
    Milliseconds most{0};

    bool operator==(const Range&) const = default;
    // "250ms", "2s", "2s..4s", "1m", "1h". Throws Error(Invalid).
    [[nodiscard]] static Range parse(const std::string& text);
    [[nodiscard]] std::string text() const;
};

// The only randomness of the cloud: the same seed and the same calls give the same answers.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}
    [[nodiscard]] Milliseconds within(const Range& range);
    [[nodiscard]] bool chance(double rate);
    [[nodiscard]] std::string uuid();  // upper case, as in RequestId

private:
    std::mt19937_64 engine_;
};

struct Throttle {
    double per_minute = 0;  // 0: none
    double burst = 0;       // 0: as many as per minute

    bool operator==(const Throttle&) const = default;
};

struct Settings {
    Range create;           // spent in Creating
    Range attach;           // in Attaching
    Range detach;           // in Detaching
    Range remove;           // in Deleting
    Range route;            // a route entry in Pending
    Range metadata_lag;     // until the metadata service shows a change
    Range latency;          // of every call
    Milliseconds stale{0};  // how far Describe answers are behind

    // By action, "*" for those not named.
    std::map<std::string, Throttle> throttles;
    bool retry_after = true;                  // send x-acs-retry-after when throttled
    std::set<std::string> denied;             // RAM: action patterns
    std::size_t eni_quota = 1000;             // of the account
    std::size_t security_group_quota = 2000;  // IPv4 addresses in a security group
    std::size_t route_quota = 200;            // custom entries of a table
    std::size_t page_limit = 0;               // caps the size of every page; 0: as documented
    bool metadata_token_required = false;
    Throttle metadata_throttle;                // by instance
    std::chrono::seconds role_session{21600};  // life of RAM role credentials
    std::string region = "cn-hangzhou";
    std::string account = "1234567890123456";

    // Everything at once, no limits: for tests of logic.
    [[nodiscard]] static Settings zero();
    // Delays and throttles as far as they are known.
    [[nodiscard]] static Settings realistic();

    // By name, as in `terway-sim set KEY=VALUE`: attach, latency, stale, throttle.ACTION (calls a
    // minute, or CALLS/BURST), deny.ACTION (true, false), eni_quota, profile ... Throws
    // Error(Invalid) that lists the keys.
    void set(const std::string& key, const std::string& value);
    // All of them, "key = value".
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> list() const;
};

// "*" stands for any run of characters.
[[nodiscard]] bool glob_matches(const std::string& pattern, const std::string& text);

}  // namespace terway::sim
