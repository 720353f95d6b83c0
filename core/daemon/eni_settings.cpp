#include "daemon/eni_settings.hpp"

#include <algorithm>
#include <chrono>

namespace terway::daemon {
namespace {

using std::chrono::seconds;

// How often it is looked for ENIs that are not needed any more.
constexpr seconds kDrainPeriod{5};

pool::Families families(profile::IpFamilies from) {
    switch (from) {
        case profile::IpFamilies::V6:
            return pool::Families::V6;
        case profile::IpFamilies::Dual:
            return pool::Families::Dual;
        case profile::IpFamilies::V4:
            break;
    }
    return pool::Families::V4;
}

pool::VSwitchChoice choice(profile::VSwitchPolicy from) {
    switch (from) {
        case profile::VSwitchPolicy::Random:
            return pool::VSwitchChoice::Random;
        case profile::VSwitchPolicy::MostFree:
            return pool::VSwitchChoice::MostFree;
        case profile::VSwitchPolicy::Ordered:
            break;
    }
    return pool::VSwitchChoice::Ordered;
}

void set_watermarks(const profile::Pool& from, const EniUse& use, pool::EniSettings& to) {
    to.reclaim_after = from.reclaim_after;
    if (use.draining) {
        to.min_idle = 0;
        to.max_idle = 0;
        to.reclaim_after = std::min<std::chrono::milliseconds>(from.reclaim_after, kDrainPeriod);
    } else if (use.exclusive) {
        to.min_idle = from.exclusive.min_idle;
        to.max_idle = from.exclusive.max_idle;
        to.max_enis = from.exclusive.max_enis;
    } else {
        to.min_idle = from.min_idle;
        to.max_idle = from.max_idle;
        to.warm_up = from.warm_up;
        to.max_enis = from.max_enis;
    }
}

}  // namespace

pool::EniSettings eni_settings(const profile::Profile& profile, const NodeFacts& node,
                               const EniUse& use) {
    const auto& from = profile.pool;
    const auto& cloud = profile.cloud;
    pool::EniSettings to;
    to.families = families(from.families);
    to.exclusive = use.exclusive;
    to.prefixes = from.prefixes && !use.exclusive;
    to.cool_down = from.cool_down;
    to.sticky_for = from.sticky_for;
    set_watermarks(from, use, to);
    to.reconcile_every = from.reconcile_every;
    to.leak_grace = from.leak_grace;
    to.instance = node.instance.instance;
    to.instance_type = node.instance.type;
    to.zone = node.instance.zone;
    to.vpc = node.instance.vpc;
    to.cluster = cloud.cluster;
    to.vswitches = node.vswitches;
    to.vswitch_choice = choice(cloud.vswitch_policy);
    to.security_groups = node.security_groups;
    to.resource_group = cloud.resource_group;
    to.tags = cloud.tags;
    to.only_tags = cloud.only_tags;
    to.block_tags = cloud.block_tags;
    return to;
}

}  // namespace terway::daemon
