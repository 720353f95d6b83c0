// Where the node's pods get their addresses, wired as the profile says.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/metrics.hpp"
#include "daemon/cloud_access.hpp"
#include "endpoint/chain.hpp"
#include "endpoint/eni_care.hpp"
#include "host/gate.hpp"
#include "pool/address_pool.hpp"
#include "profile/profile.hpp"
#include "store/store.hpp"

namespace terway::daemon {

// By source of addresses the dataplanes of those endpoints the profile lets in.
[[nodiscard]] std::map<pool::Source, std::set<std::string>> dataplanes_by_source(
    const profile::Profile& profile);

class Supply {
public:
    virtual ~Supply() = default;

    [[nodiscard]] virtual pool::AddressPool& pool() = 0;
    // All null where the cloud is not needed.
    // What they lead to lives as long as the supply. Any thread.
    [[nodiscard]] virtual CloudDoors doors() = 0;
    // One for each pool of ENIs.
    [[nodiscard]] virtual std::vector<endpoint::EniCare*> cares() = 0;

    // Begins to fill the pool; once the modules are started and the records' addresses are claimed.
    // Returns when what was confirmed before can be served again.
    virtual void start() = 0;
    // Returns when enough addresses are there, or when it is certain that they do not come soon.
    virtual void warm_up() = 0;
};

// Borrows everything.
struct SupplyParts {
    const profile::Profile& profile;
    store::Store& store;
    const endpoint::Modules& modules;
    host::Gate& gate;
    host::LinkReaper& reaper;
    Metrics& metrics;
    // As an earlier life of the daemon left them: what they have is kept, and given back to the
    // cloud when they go, even if the profile has no use for it any more.
    std::vector<endpoint::EndpointRecord> records;
};
// Asks the cloud where it is needed, which may take a while; see CloudAccess.
[[nodiscard]] std::unique_ptr<Supply> make_supply(const SupplyParts& parts);

}  // namespace terway::daemon
