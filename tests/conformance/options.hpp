// What the tool was asked to do.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "terway/testing.hpp"

namespace terway::conformance {

struct Options {
    std::string module_path;
    std::string config_path;  // what complaints about `config` are opened with
    sdk::testing::ConfigTable config;
    // Endpoints get addresses of an ENI, that ENI and its gateways; else addresses of the node's
    // own ranges.
    bool eni = false;
    std::vector<Family> families{Family::V4, Family::V6};
    std::set<int> laws;  // empty: all
    std::set<int> unwanted_laws;
    bool verbose = false;
    bool json = false;

    [[nodiscard]] bool chosen(int law) const {
        return (laws.empty() || laws.contains(law)) && !unwanted_laws.contains(law);
    }
};

// Reads the module's table, [module.<id>] or the whole file if it has no table `module`, and the
// tool's own table [conformance]. Throws Error(Invalid) with the place of the mistake.
void read_config(const std::string& path, const std::string& module_id, Options& options);

}  // namespace terway::conformance
