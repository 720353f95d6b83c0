#include "daemon/route_service.hpp"

#include <pthread.h>

namespace terway::daemon {
namespace {

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

RouteService::RouteService(const profile::Profile& profile, store::Store& store, Metrics& metrics)
    : cloud_(profile.cloud, store, metrics),
      keeper_(cloud_.api(), settings_of(profile, cloud_.instance()), metrics,
              routes::system_chances()) {}

void RouteService::start() {
    thread_ = std::jthread([this](const std::stop_token& stop) {
        pthread_setname_np(pthread_self(), "routes");
        keeper_.run(stop);
    });
}

CloudDoors RouteService::doors() {
    auto doors = cloud_.doors();
    doors.routes = &keeper_;
    return doors;
}

}  // namespace terway::daemon
