// Where the node's pods get their addresses, wired as the profile says.
#pragma once

#include <memory>

#include "base/metrics.hpp"
#include "daemon/cloud_access.hpp"
#include "endpoint/chain.hpp"
#include "endpoint/eni_care.hpp"
#include "host/gate.hpp"
#include "pool/address_pool.hpp"
#include "profile/profile.hpp"
#include "store/store.hpp"

namespace terway::daemon {

class Supply {
public:
    virtual ~Supply() = default;

    [[nodiscard]] virtual pool::AddressPool& pool() = 0;
    // All null where the cloud is not needed.
    // What they lead to lives as long as the supply. Any thread.
    [[nodiscard]] virtual CloudDoors doors() = 0;
    // Null where there are no ENIs.
    [[nodiscard]] virtual endpoint::EniCare* care() = 0;

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
};
// Asks the cloud where it is needed, which may take a while; see CloudAccess.
[[nodiscard]] std::unique_ptr<Supply> make_supply(const SupplyParts& parts);

}  // namespace terway::daemon
