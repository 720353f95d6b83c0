// Names of the simulations that tests make: PREFIX, the process that made it, perhaps more.
#pragma once

#include <filesystem>
#include <string>

#include "sim/registration.hpp"
#include "terway/error.hpp"

namespace terway::test {

// Removes simulations whose test program is gone. Those of living ones stay, killed or not: they
// are what a test is about.
inline void remove_orphans(const std::string& prefix) {
    for (const auto& name : sim::registered_names()) {
        if (!name.starts_with(prefix)) {
            continue;
        }
        const auto rest = name.substr(prefix.size());
        if (std::filesystem::exists("/proc/" + rest.substr(0, rest.find('-')))) {
            continue;
        }
        try {
            sim::remove_leftovers(name);
        } catch (const Error&) {
            // Another test program is at it.
        }
    }
}

}  // namespace terway::test
