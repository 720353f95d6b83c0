// What the operator wants of an ENI pool. The daemon fills it from the profile.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "cloud/eni.hpp"

namespace terway::pool {

// On ENIs that serve one endpoint alone; others have none of the name.
inline constexpr const char* kUseTag = "terway.use";
inline constexpr const char* kExclusiveUse = "exclusive-eni";

enum class Families : std::uint8_t { V4, V6, Dual };
enum class VSwitchChoice : std::uint8_t { Ordered, Random, MostFree };

struct EniSettings {
    Families families = Families::V4;
    std::uint32_t min_idle = 5;   // endpoints that can be served at once beyond those in use
    std::uint32_t max_idle = 10;  // surplus over this goes back after a quiet time
    std::uint32_t warm_up = 0;    // ready before the node takes pods; 0: min_idle
    std::uint32_t max_enis = 0;   // secondary ones; 0: as many as the instance type has
    bool prefixes = false;        // whole /28 and /80 prefixes instead of single addresses
    bool exclusive = false;       // an ENI serves one endpoint alone, with its primary address, and
                                  // is made ready anew after each

    std::chrono::milliseconds cool_down{30'000};
    std::chrono::milliseconds sticky_for{300'000};
    std::chrono::milliseconds reclaim_after{600'000};  // the quiet time
    std::chrono::milliseconds reconcile_every{120'000};
    // A NIC that comes back from a pod's namespace does so when the kernel has taken that apart.
    std::chrono::milliseconds nic_returns_within{5'000};
    std::chrono::milliseconds leak_grace{600'000};  // before an ENI of ours nobody uses is deleted

    std::string instance;
    std::string instance_type;
    std::string zone;  // of the instance; empty: not looked at
    std::string vpc;
    std::string cluster;
    std::vector<std::string> vswitches;  // candidates, in the operator's order; those of
                                         // other zones are passed over
    VSwitchChoice vswitch_choice = VSwitchChoice::Ordered;
    std::vector<std::string> security_groups;
    std::string resource_group;
    cloud::Tags tags;        // further ones for ENIs we make
    cloud::Tags only_tags;   // ENIs found are used only if they have all of these
    cloud::Tags block_tags;  // and none of these

    // Whether an ENI with these tags is of this pool's kind.
    [[nodiscard]] bool has_use(const cloud::Tags& of_eni) const {
        const auto found = of_eni.find(kUseTag);
        return exclusive ? found != of_eni.end() && found->second == kExclusiveUse
                         : found == of_eni.end();
    }
    [[nodiscard]] bool wants(Family family) const {
        return families == Families::Dual || (families == Families::V4) == (family == Family::V4);
    }
};

}  // namespace terway::pool
