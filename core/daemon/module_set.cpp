#include "daemon/module_set.hpp"

#include <map>
#include <set>

#include "base/log.hpp"
#include "daemon/chain_check.hpp"
#include "daemon/policy_modules.hpp"
#include "daemon/service_modules.hpp"

namespace terway::daemon {
namespace {

std::set<std::string> ids_of(const profile::Profile& profile) {
    std::set<std::string> ids;
    for (const auto* chain : profile.chains()) {
        const auto of_chain = chain->ids();
        ids.insert(of_chain.begin(), of_chain.end());
    }
    return ids;
}

std::set<std::string> pinned_by(const std::vector<endpoint::EndpointRecord>& records) {
    std::set<std::string> ids;
    for (const auto& record : records) {
        for (const auto& pin : record.chain) {
            ids.insert(pin.id);
        }
    }
    return ids;
}

void load_drained(endpoint::Modules& modules, profile::Profile profile, const ModuleMemory& memory,
                  const std::set<std::string>& pinned) {
    // The profile goes before what is remembered.
    profile.modules.insert(memory.begin(), memory.end());
    for (const auto& id : pinned) {
        if (modules.contains(id)) {
            continue;
        }
        try {
            auto module = host::load_from_profile(profile, id);
            profile::Diagnostics diagnostics(profile.file);
            if (!module->configure(profile.modules[id].table, diagnostics)) {
                throw Error(Status::Invalid, diagnostics.print());
            }
            log::info("module kept for endpoints of an earlier profile", {{"module", id}});
            modules.emplace(id, std::move(module));
        } catch (const Error& error) {
            log::error("a module that old endpoints need cannot be loaded",
                       {{"module", id}, {"reason", error.what()}});
        }
    }
}

}  // namespace

endpoint::Modules load_modules(const profile::Profile& profile, profile::Diagnostics& diagnostics) {
    endpoint::Modules modules;
    for (const auto& id : ids_of(profile)) {
        const auto& settings = profile.modules.at(id);
        // Goes on after complaints, so that all of them are seen at once.
        try {
            auto module = host::load_from_profile(profile, id);
            (void)module->configure(settings.table, diagnostics);
            modules.emplace(id, std::move(module));
        } catch (const Error& error) {
            diagnostics.error(settings.table.place, error.what());
        }
    }
    std::map<std::string, ModuleFacts> facts;
    for (const auto& [id, module] : modules) {
        facts[id] = {module->requirements(), module->eni() != nullptr,
                     module->service() != nullptr};
    }
    check_chains(profile, facts, diagnostics);
    check_policies(profile, diagnostics);
    check_services(profile, diagnostics);
    return modules;
}

void settle(endpoint::Modules& modules, const profile::Profile& profile,
            const std::vector<endpoint::EndpointRecord>& records, const ModuleMemory& memory,
            const twy_node& node) {
    const auto wanted = ids_of(profile);
    const auto pinned = pinned_by(records);
    std::erase_if(modules, [&](const auto& entry) {
        return !wanted.contains(entry.first) && !pinned.contains(entry.first);
    });
    load_drained(modules, profile, memory, pinned);
    for (auto entry = modules.begin(); entry != modules.end();) {
        auto& [id, module] = *entry;
        try {
            module->start(node);
            log::info("module started", {{"module", id}, {"version", module->version()}});
            ++entry;
        } catch (const Error& error) {
            if (wanted.contains(id)) {
                throw;
            }
            log::error("a module that old endpoints need does not start",
                       {{"module", id}, {"reason", error.what()}});
            entry = modules.erase(entry);
        }
    }
}

}  // namespace terway::daemon
