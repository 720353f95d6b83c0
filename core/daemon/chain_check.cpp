#include "daemon/chain_check.hpp"

#include <algorithm>

#include "host/requirements.hpp"
#include "terway/abi.h"

namespace terway::daemon {
namespace {

using Facts = std::map<std::string, ModuleFacts>;

std::string list(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) {
        text += (text.empty() ? "" : ", ") + name;
    }
    return text.empty() ? "nothing" : text;
}

void check_enis(const profile::Chain& chain, const std::string& dataplane, const Facts& facts,
                profile::Diagnostics& diagnostics) {
    const auto found = facts.find(dataplane);
    if (found == facts.end()) {
        return;
    }
    const auto lends = host::stated(found->second.requirements, "eni");
    const bool whole = std::find(lends.begin(), lends.end(), "exclusive") != lends.end();
    if (whole && chain.addresses != profile::AddressSource::ExclusiveEni) {
        diagnostics.error(chain.place, "the dataplane " + dataplane +
                                           " lends whole ENIs and needs addresses from "
                                           "\"exclusive-eni\", not from \"" +
                                           std::string(name_of(chain.addresses)) + "\"");
    } else if (chain.from_enis() && !found->second.knows_enis) {
        diagnostics.error(chain.place, "addresses come from ENIs (\"" +
                                           std::string(name_of(chain.addresses)) +
                                           "\"), but the dataplane " + dataplane +
                                           " serves a node's own addresses only");
    }
}

void check_pair(const profile::Chain& chain, const std::string& dataplane, const std::string& other,
                const Facts& facts, profile::Diagnostics& diagnostics) {
    const auto below = facts.find(dataplane);
    const auto above = facts.find(other);
    if (below == facts.end() || above == facts.end()) {
        return;
    }
    const auto offers = host::stated(below->second.requirements, "offers");
    for (const auto& need : host::stated(above->second.requirements, "needs")) {
        if (std::find(offers.begin(), offers.end(), need) == offers.end()) {
            diagnostics.error(chain.place, "module " + other + " needs a dataplane with " + need +
                                               ", and " + dataplane + " offers " + list(offers));
        }
    }
}

void check_services(const profile::Chain& chain, const Facts& facts,
                    profile::Diagnostics& diagnostics) {
    const auto found = chain.policy ? facts.find(*chain.policy) : facts.end();
    if (!chain.policy) {
        diagnostics.error(
            chain.place,
            "[service] by = \"module\" needs a policy module in every chain, one that "
            "translates Services");
    } else if (found != facts.end() && !found->second.knows_services) {
        diagnostics.error(chain.place,
                          "[service] by = \"module\" needs a policy module that "
                          "translates Services, and " +
                              *chain.policy + " offers no " TWY_SERVICE);
    }
}

}  // namespace

void check_chains(const profile::Profile& profile, const Facts& facts,
                  profile::Diagnostics& diagnostics) {
    for (const auto* chain : profile.chains()) {
        if (profile.service.by == profile::ServiceBy::Module) {
            check_services(*chain, facts, diagnostics);
        }
        for (const auto& dataplane : {std::optional(chain->dataplane), chain->fallback}) {
            if (!dataplane) {
                continue;
            }
            check_enis(*chain, *dataplane, facts, diagnostics);
            for (const auto& other : {chain->qos, chain->policy}) {
                if (other) {
                    check_pair(*chain, *dataplane, *other, facts, diagnostics);
                }
            }
        }
    }
}

}  // namespace terway::daemon
