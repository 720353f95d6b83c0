#include "daemon/module_set.hpp"

#include <algorithm>
#include <sstream>

#include "base/log.hpp"
#include "host/probe.hpp"

namespace terway::daemon {

endpoint::Modules load_modules(const profile::Profile& profile, profile::Diagnostics& diagnostics) {
    endpoint::Modules modules;
    for (const auto& id : profile.chain.ids()) {
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
    return modules;
}

void load_drained(endpoint::Modules& modules, const profile::Profile& profile,
                  const std::vector<endpoint::EndpointRecord>& records) {
    for (const auto& record : records) {
        for (const auto& pin : record.chain) {
            if (modules.contains(pin.id)) {
                continue;
            }
            try {
                auto probed = host::probe(host::find_module(pin.id, profile.daemon.module_dirs));
                host::admit(probed, {pin.id, {}, std::nullopt});
                auto module = host::Module::load(probed);
                profile::Diagnostics diagnostics(profile.file);
                if (!module->configure({}, diagnostics)) {
                    throw Error(Status::Invalid, diagnostics.print());
                }
                log::info("module kept for endpoints of an earlier profile", {{"module", pin.id}});
                modules.emplace(pin.id, std::move(module));
            } catch (const Error& error) {
                log::error("a module that old endpoints need cannot be loaded",
                           {{"module", pin.id}, {"reason", error.what()}});
            }
        }
    }
}

bool Preflight::met() const {
    return std::all_of(rows.begin(), rows.end(), [](const auto& row) { return row.met; });
}

std::vector<Preflight> preflight(const endpoint::Modules& modules) {
    std::vector<Preflight> results;
    for (const auto& [id, module] : modules) {
        Preflight result{id, host::evaluate(module->requirements())};
        try {
            module->preflight();
        } catch (const Error& error) {
            result.rows.push_back(
                {"the module's own test", false, error.what(), "see the README of module " + id});
        }
        results.push_back(std::move(result));
    }
    return results;
}

bool all_met(const std::vector<Preflight>& results) {
    return std::all_of(results.begin(), results.end(),
                       [](const auto& result) { return result.met(); });
}

std::string to_text(const std::vector<Preflight>& results) {
    std::size_t need = 4;
    std::size_t found = 5;
    for (const auto& result : results) {
        for (const auto& row : result.rows) {
            need = std::max(need, row.need.size());
            found = std::max(found, std::min<std::size_t>(row.found.size(), 40));
        }
    }
    std::ostringstream out;
    const auto cell = [&out](const std::string& text, std::size_t width) {
        out << text << std::string(text.size() < width ? width - text.size() : 0, ' ') << "  ";
    };
    for (const auto& result : results) {
        out << "module " << result.module << "\n  ok   ";
        cell("need", need);
        cell("found", found);
        out << "fix\n";
        for (const auto& row : result.rows) {
            out << (row.met ? "  yes  " : "  NO   ");
            cell(row.need, need);
            cell(row.found, found);
            out << row.fix << "\n";
        }
    }
    return out.str();
}

}  // namespace terway::daemon
