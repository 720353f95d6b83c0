// The thread that keeps the VPC's routes to this node's pod CIDRs.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "base/mutex.hpp"
#include "daemon/cloud_access.hpp"
#include "routes/keeper.hpp"

namespace terway::daemon {

// Pods need nothing of it: it learns what instance this is on its own thread, however long the
// cloud is away.
class RouteService {
public:
    // Borrows all three.
    RouteService(const profile::Profile& profile, store::Store& store, Metrics& metrics);

    void start();
    // Closed, with the reason, until the instance is known; what they lead to lives as long as
    // this.
    [[nodiscard]] CloudDoors doors();

private:
    struct Work {
        Work(const profile::Profile& profile, store::Store& store, Metrics& metrics,
             const std::stop_token& stop);
        CloudAccess cloud;
        routes::Keeper keeper;
    };

    void run(const std::stop_token& stop);
    [[nodiscard]] Work* learn(const std::stop_token& stop);

    const profile::Profile& profile_;
    store::Store& store_;
    Metrics& metrics_;
    Mutex mutex_;
    std::unique_ptr<Work> work_ TERWAY_GUARDED_BY(mutex_);  // made once
    std::string trouble_ TERWAY_GUARDED_BY(mutex_) = "the metadata service is being asked";
    std::jthread thread_;
};

}  // namespace terway::daemon
