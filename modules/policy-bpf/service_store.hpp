// Services in the maps. One thread at a time.
//
// A frontend that changes is written anew under another identifier, and then takes the place of
// what was there: no connection meets one that is half-made.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "state.hpp"
#include "terway/abi.h"

namespace terway::policy_bpf {

// What is to be deleted when no program can read it any more.
struct ServiceWaste {
    std::vector<policy_backend_key> backends;
    std::vector<policy_target_key> targets;
    std::uint32_t below = 0;  // everything with smaller identifiers; 0: nothing

    [[nodiscard]] bool empty() const noexcept {
        return below == 0 && backends.empty() && targets.empty();
    }
};
// Any thread; programs that ran when the waste was taken have ended. Throws Error.
void dispose(const State& state, const ServiceWaste& waste);

class ServiceStore {
public:
    // Borrows it. What is in the maps already is of an earlier run, and stays in force until the
    // first update.
    explicit ServiceStore(const State& state) : state_(state), first_(state.take_id()) {}

    // Frontends of protocols other than TCP and UDP are left alone. Throws Error; then what is in
    // force of each frontend is what was or what was told.
    void apply(const twy_service_update& update);
    [[nodiscard]] ServiceWaste take_waste();

private:
    struct Known {
        std::uint32_t id = 0;
        std::uint32_t ready = 0;
        std::vector<policy_backend> targets;
    };

    void put(const twy_frontend& frontend);
    void write(const twy_frontend& frontend, Known& now) const;
    void erase(const Known& known) const;
    void remove(const policy_frontend_key& key);
    void retire(const Known& known);

    struct Less {
        bool operator()(const policy_frontend_key& left, const policy_frontend_key& right) const;
    };
    const State& state_;
    const std::uint32_t first_;  // identifiers below are of an earlier run's
    bool has_earlier_ = true;    // such may be there
    std::map<policy_frontend_key, Known, Less> known_;
    ServiceWaste waste_;
};

}  // namespace terway::policy_bpf
