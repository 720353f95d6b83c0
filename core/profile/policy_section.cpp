#include "profile/policy_section.hpp"

namespace terway::profile {

using namespace std::chrono_literals;

void read_policy(Section& policy, Policy& into) {
    policy.choice("startup", into.startup,
                  {{"deny", PolicyStartup::Deny}, {"allow", PolicyStartup::Allow}});
    policy.duration("startup_deadline", into.startup_deadline, 0ms, 60s);
    policy.boolean("cluster_policies", into.cluster_policies);
    policy.boolean("confirm", into.confirm);
}

}  // namespace terway::profile
