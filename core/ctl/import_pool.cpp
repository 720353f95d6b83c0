#include <algorithm>
#include <cstdint>
#include <string>

#include "ctl/import_parts.hpp"

namespace terway::ctl {
namespace {

constexpr std::int64_t kMostAddresses = 10'000;
constexpr std::int64_t kMostEnis = 255;
// The profile's own default.
constexpr std::int64_t kOurMaxIdle = 10;

class PoolPart {
public:
    PoolPart(EniConf& conf, TomlText& out) : conf_(conf), out_(out) {}

    void pool() {
        out_.section("pool");
        out_.value("source", "\"eni\"");
        families();
        watermarks();
        if (const auto size = conf_.integer("ip_warm_up_size", 0, kMostAddresses)) {
            out_.value("warm_up", std::to_string(*size), "addresses before the node takes pods");
            conf_.note("ip_warm_up_size",
                       "the node waits for them at every start; the original made them once");
        }
        enis();
        if (conf_.boolean("enable_ip_prefix").value_or(false)) {
            out_.value("prefixes", "true", "min_idle and max_idle still count addresses");
        }
        periods();
    }

private:
    void families() {
        const auto stack = conf_.string("ip_stack");
        const std::string value = stack.value_or("ipv4");
        if (value != "ipv4" && value != "dual" && value != "ipv6") {
            conf_.wrong("ip_stack", "must be \"ipv4\", \"dual\" or \"ipv6\", not \"" + value +
                                        "\"; left at \"ipv4\"");
            out_.value("families", "\"ipv4\"");
            return;
        }
        out_.value("families", toml_string(value));
        if (value == "ipv6") {
            conf_.note("ip_stack", "the original refuses \"ipv6\"; here it works");
        }
    }

    void watermarks() {
        auto low = conf_.integer("min_pool_size", 0, kMostAddresses);
        auto high = conf_.integer("max_pool_size", 0, kMostAddresses);
        if (!low && !high) {
            conf_.defaulted("max_pool_size", "min_idle and max_idle are those of this version");
            return;
        }
        if (!high) {
            high = std::max(*low, kOurMaxIdle);
            conf_.defaulted("max_pool_size",
                            "max_idle is " + std::to_string(*high) +
                                "; the original would take 0 and with it ignore min_pool_size");
        } else if (!low) {
            low = 0;
            conf_.defaulted("min_pool_size",
                            "min_idle is 0 as for the original; 5 would keep pods from waiting");
        }
        if (*low > *high) {
            conf_.note("min_pool_size", "cut to max_pool_size, as the original does");
            low = high;
        }
        out_.value("min_idle", std::to_string(*low), "addresses of each family");
        out_.value("max_idle", std::to_string(*high),
                   "what exceeds it goes back after reclaim_after, not at once");
        if (conf_.has("max_pool_size")) {
            conf_.note("max_pool_size",
                       "idle addresses beyond it go back after reclaim_after, not at once");
        }
    }

    void enis() {
        if (const auto most = conf_.integer("max_eni", 0, kMostEnis); most && *most != 0) {
            out_.value("max_enis", std::to_string(*most), "secondary ones");
        }
        const double ratio = conf_.number("eni_cap_ratio").value_or(1);
        const auto shift = conf_.integer("eni_cap_shift", -kMostEnis, kMostEnis).value_or(0);
        // 0 is how the original's own manifests say "unset".
        if (ratio != 1 && ratio != 0) {
            conf_.no_equivalent("eni_cap_ratio",
                                "set max_enis to the ENI quota of the instance type x ratio + "
                                "shift - 1");
        }
        if (shift != 0) {
            conf_.no_equivalent("eni_cap_shift",
                                "set max_enis to the ENI quota of the instance type x ratio + "
                                "shift - 1");
        }
    }

    void periods() {
        if (const auto span = conf_.duration("idle_ip_reclaim_after")) {
            if (span->count() > 0) {
                out_.value("reclaim_after", toml_duration(*span),
                           "down to max_idle; the original shrinks to min_pool_size");
                conf_.note("idle_ip_reclaim_after",
                           "the pool shrinks to max_idle; the original shrinks to min_pool_size");
            }
        } else if (!conf_.has("idle_ip_reclaim_after")) {
            conf_.defaulted("idle_ip_reclaim_after",
                            "never for the original; here reclaim_after has its default");
        }
        if (const auto span = conf_.duration("ip_pool_sync_period"); span && span->count() > 0) {
            out_.value("reconcile_every", toml_duration(*span));
        }
    }

    EniConf& conf_;
    TomlText& out_;
};

}  // namespace

void import_pool(EniConf& conf, TomlText& out) {
    PoolPart(conf, out).pool();
}

}  // namespace terway::ctl
