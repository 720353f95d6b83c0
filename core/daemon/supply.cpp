#include "daemon/supply.hpp"

#include <thread>
#include <utility>
#include <vector>

#include "daemon/eni_supply.hpp"
#include "daemon/pool_journal.hpp"
#include "daemon/route_service.hpp"
#include "endpoint/eni_occupants.hpp"
#include "endpoint/pod_facts.hpp"
#include "pool/cidr_pool.hpp"
#include "pool/pool_set.hpp"

namespace terway::daemon {
namespace {

using pool::Source;

class NodeSupply final : public Supply {
public:
    explicit NodeSupply(const SupplyParts& parts)
        : cidrs_(parts.profile.node.pod_cidrs, parts.profile.pool.cool_down,
                 parts.profile.pool.sticky_for, wall_now) {
        const auto wanted = dataplanes_by_source(parts.profile);
        auto present = wanted;
        for (const auto& record : parts.records) {
            present[record.spec.source].insert(endpoint::dataplane_of(record));
        }
        if (parts.profile.cloud.manage_routes && wanted.contains(Source::PodCidr)) {
            routes_ = std::make_unique<RouteService>(parts.profile, parts.store, parts.metrics);
        }
        add_enis(parts, Source::Eni, wanted, present);
        add_enis(parts, Source::ExclusiveEni, wanted, present);
        std::map<Source, pool::AddressPool*> pools;
        if (!parts.profile.node.pod_cidrs.empty() || present.contains(Source::PodCidr)) {
            pools[Source::PodCidr] = &cidrs_;
        }
        for (const auto& [source, supply] : enis_) {
            pools[source] = &supply->pool();
        }
        pool_ = std::make_unique<pool::PoolSet>(std::move(pools),
                                                endpoint::source_of(parts.profile.chain.addresses));
    }

    pool::AddressPool& pool() override { return *pool_; }

    CloudDoors doors() override {
        if (!cloud_) {
            return routes_ ? routes_->doors() : CloudDoors{};
        }
        auto doors = cloud_->doors();
        doors.routes = routes_ ? routes_->doors().routes : nullptr;
        return doors;
    }

    std::vector<endpoint::EniCare*> cares() override {
        std::vector<endpoint::EniCare*> all;
        for (const auto& [_, supply] : enis_) {
            all.push_back(&supply->care());
        }
        return all;
    }

    void start() override {
        if (routes_) {
            routes_->start();
        }
        for (const auto& [_, supply] : enis_) {
            supply->start();
        }
    }

    // Side by side: each may have to wait for the cloud.
    void warm_up() override {
        std::vector<std::jthread> waiting;
        for (const auto& [_, supply] : enis_) {
            waiting.emplace_back([&supply = *supply] { supply.warm_up(); });
        }
    }

private:
    using Dataplanes = std::map<Source, std::set<std::string>>;

    // ENIs nobody wants any more are given back as their last endpoints go.
    void add_enis(const SupplyParts& parts, Source source, const Dataplanes& wanted,
                  const Dataplanes& present) {
        const bool exclusive = source == Source::ExclusiveEni;
        const bool draining = !wanted.contains(source);
        if (draining && !present.contains(source) &&
            PoolJournal(parts.store, exclusive).enis().empty()) {
            return;
        }
        if (!cloud_) {
            cloud_ = std::make_unique<CloudAccess>(parts.profile.cloud, parts.store, parts.metrics);
            node_ = cloud_->node();
        }
        auto dataplanes = present.contains(source) ? present.at(source) : std::set<std::string>{};
        if (dataplanes.empty()) {
            dataplanes = wanted.begin()->second;
        }
        enis_[source] = std::make_unique<EniSupply>(
            parts, *cloud_, node_,
            EniUse{exclusive, draining, {dataplanes.begin(), dataplanes.end()}});
    }

    pool::CidrPool cidrs_;
    std::unique_ptr<RouteService> routes_;
    std::unique_ptr<CloudAccess> cloud_;
    NodeFacts node_;
    std::map<Source, std::unique_ptr<EniSupply>> enis_;
    std::unique_ptr<pool::PoolSet> pool_;
};

}  // namespace

std::map<pool::Source, std::set<std::string>> dataplanes_by_source(
    const profile::Profile& profile) {
    std::map<Source, std::set<std::string>> all;
    for (const auto* chain : profile.chains()) {
        all[endpoint::source_of(chain->addresses)].insert(chain->dataplane);
    }
    return all;
}

std::unique_ptr<Supply> make_supply(const SupplyParts& parts) {
    return std::make_unique<NodeSupply>(parts);
}

}  // namespace terway::daemon
