#include "daemon/supply.hpp"

#include "daemon/eni_supply.hpp"
#include "daemon/route_service.hpp"
#include "pool/cidr_pool.hpp"

namespace terway::daemon {
namespace {

// The node's own ranges; the cloud is asked for nothing but the routes to them, if it is at all.
class CidrSupply final : public Supply {
public:
    explicit CidrSupply(const SupplyParts& parts)
        : pool_(parts.profile.node.pod_cidrs, parts.profile.pool.cool_down,
                parts.profile.pool.sticky_for, wall_now) {
        if (parts.profile.cloud.manage_routes) {
            routes_ = std::make_unique<RouteService>(parts.profile, parts.store, parts.metrics);
        }
    }

    pool::AddressPool& pool() override { return pool_; }
    CloudDoors doors() override { return routes_ ? routes_->doors() : CloudDoors{}; }
    endpoint::EniCare* care() override { return nullptr; }
    void start() override {
        if (routes_) {
            routes_->start();
        }
    }
    void warm_up() override {}

private:
    pool::CidrPool pool_;
    std::unique_ptr<RouteService> routes_;
};

}  // namespace

std::unique_ptr<Supply> make_supply(const SupplyParts& parts) {
    if (parts.profile.pool.source == profile::AddressSource::Eni) {
        return std::make_unique<EniSupply>(parts);
    }
    return std::make_unique<CidrSupply>(parts);
}

}  // namespace terway::daemon
