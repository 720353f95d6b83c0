#include "daemon/chain_check.hpp"

#include <algorithm>
#include <array>
#include <string_view>

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

// What a module may need that is the profile's to say.
struct Setting {
    std::string_view name;
    bool (*is_set)(const profile::Profile& profile);
    std::string_view remedy;
};

bool has_felix_names(const profile::Profile& profile) {
    return profile.endpoint.host_names == profile::HostNames::Felix;
}

constexpr std::array kSettings{
    Setting{"felix-host-names", has_felix_names, "[endpoint] host_names = \"felix\""}};

const Setting* setting_of(std::string_view need) {
    const auto* const found = std::ranges::find(kSettings, need, &Setting::name);
    return found == kSettings.end() ? nullptr : found;
}

// A need of a module that holds with its table.
struct HeldNeed {
    std::string name;
    profile::Place place;   // of what it comes from, or of the table
    std::string said_with;  // " with backend = \"external\"", or nothing
};

std::vector<HeldNeed> held_needs(const ModuleFacts& facts, const profile::Table& table) {
    std::vector<HeldNeed> held;
    for (const auto& need : host::stated_needs(facts.requirements)) {
        if (need.key.empty()) {
            held.push_back({need.name, table.place, {}});
            continue;
        }
        const auto* const entry = table.find(need.key);
        if (entry != nullptr && entry->kind == profile::ValueKind::String &&
            entry->string == need.value) {
            held.push_back(
                {need.name, entry->place, " with " + need.key + " = \"" + need.value + "\""});
        }
    }
    return held;
}

const profile::Table& table_of(const profile::Profile& profile, const std::string& module) {
    static const profile::Table nothing;
    const auto found = profile.modules.find(module);
    return found == profile.modules.end() ? nothing : found->second.table;
}

void check_settings(const profile::Profile& profile, const std::string& module,
                    const ModuleFacts& facts, profile::Diagnostics& diagnostics) {
    for (const auto& need : held_needs(facts, table_of(profile, module))) {
        const auto* const setting = setting_of(need.name);
        if (setting != nullptr && !setting->is_set(profile)) {
            diagnostics.error(need.place, "module " + module + need.said_with + " needs " +
                                              std::string(setting->remedy));
        }
    }
}

void check_pair(const profile::Profile& profile, const profile::Chain& chain,
                const std::string& dataplane, const std::string& other, const Facts& facts,
                profile::Diagnostics& diagnostics) {
    const auto below = facts.find(dataplane);
    const auto above = facts.find(other);
    if (below == facts.end() || above == facts.end()) {
        return;
    }
    const auto offers = host::stated(below->second.requirements, "offers");
    for (const auto& need : held_needs(above->second, table_of(profile, other))) {
        if (setting_of(need.name) == nullptr &&
            std::ranges::find(offers, need.name) == offers.end()) {
            diagnostics.error(chain.place, "module " + other + need.said_with +
                                               " needs a dataplane with " + need.name + ", and " +
                                               dataplane + " offers " + list(offers));
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
    for (const auto& [module, of_module] : facts) {
        check_settings(profile, module, of_module, diagnostics);
    }
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
                    check_pair(profile, *chain, *dataplane, *other, facts, diagnostics);
                }
            }
        }
    }
}

}  // namespace terway::daemon
