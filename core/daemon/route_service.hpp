// The thread that keeps the VPC's routes to this node's pod CIDRs.
#pragma once

#include <thread>

#include "daemon/cloud_access.hpp"
#include "routes/keeper.hpp"

namespace terway::daemon {

class RouteService {
public:
    // Learns the instance, see CloudAccess. Borrows all three.
    RouteService(const profile::Profile& profile, store::Store& store, Metrics& metrics);

    void start();
    [[nodiscard]] CloudDoors doors();

private:
    CloudAccess cloud_;
    routes::Keeper keeper_;
    std::jthread thread_;
};

}  // namespace terway::daemon
