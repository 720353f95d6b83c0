#include "daemon/route_service.hpp"

#include <pthread.h>

#include <chrono>
#include <utility>

#include "base/log.hpp"
#include "cloud/effects.hpp"
#include "terway/error.hpp"

namespace terway::daemon {
namespace {

constexpr std::chrono::seconds kPause{10};

routes::Settings settings_of(const profile::Profile& profile,
                             const cloud::InstanceFacts& instance) {
    routes::Settings settings;
    settings.instance = instance.instance;
    settings.pod_cidrs = profile.node.pod_cidrs;
    settings.table = profile.cloud.route_table;
    settings.vswitch = instance.vswitch;
    settings.vpc = instance.vpc;
    return settings;
}

}  // namespace

RouteService::Work::Work(const profile::Profile& profile, store::Store& store, Metrics& metrics,
                         const std::stop_token& stop)
    : cloud(profile.cloud, store, metrics, stop),
      keeper(cloud.api(), settings_of(profile, cloud.instance()), metrics,
             routes::system_chances()) {}

RouteService::RouteService(const profile::Profile& profile, store::Store& store, Metrics& metrics)
    : profile_(profile), store_(store), metrics_(metrics) {}

void RouteService::start() {
    thread_ = std::jthread([this](const std::stop_token& stop) {
        pthread_setname_np(pthread_self(), "routes");
        run(stop);
    });
}

void RouteService::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        if (auto* const work = learn(stop)) {
            return work->keeper.run(stop);
        }
        (void)cloud::pause_for(kPause, {stop, Deadline::max()});
    }
}

RouteService::Work* RouteService::learn(const std::stop_token& stop) {
    try {
        auto work = std::make_unique<Work>(profile_, store_, metrics_, stop);
        const MutexLock lock(mutex_);
        work_ = std::move(work);
        return work_.get();
    } catch (const Error& error) {
        if (!stop.stop_requested()) {
            log::warning("the VPC's routes wait for the cloud", {{"reason", error.what()}});
        }
        const MutexLock lock(mutex_);
        trouble_ = error.what();
        return nullptr;
    }
}

CloudDoors RouteService::doors() {
    const MutexLock lock(mutex_);
    if (!work_) {
        CloudDoors closed;
        closed.trouble = trouble_;
        return closed;
    }
    auto doors = work_->cloud.doors();
    doors.routes = &work_->keeper;
    return doors;
}

}  // namespace terway::daemon
