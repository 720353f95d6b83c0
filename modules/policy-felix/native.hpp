// The backend "nftables".
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "backend.hpp"
#include "endpoints.hpp"

namespace terway::felix {

class Native final : public Backend {
public:
    // Lines about denied packets go to `log`.
    Native(const Options& options, std::vector<IpAddress> node,
           const std::function<void(const std::string&)>& log)
        : endpoints_(options, std::move(node), log) {}

    void move_node(std::vector<IpAddress> node) override { endpoints_.move_node(std::move(node)); }
    void attach(const sdk::EndpointView& endpoint, const twy_attachment& made) override {
        endpoints_.attach(endpoint, made);
    }
    void adopt(const sdk::EndpointView& endpoint, const twy_attachment& made) override {
        endpoints_.adopt(endpoint, made);
    }
    void detach(const sdk::EndpointView& endpoint) override { endpoints_.detach(endpoint); }
    void check(const sdk::EndpointView& endpoint) override { endpoints_.check(endpoint); }
    void apply(const twy_policy_update& update) override { endpoints_.apply(update); }
    twy_policy_counters observe(const sdk::EndpointView& endpoint) override {
        return endpoints_.observe(endpoint);
    }
    std::shared_ptr<Tracer> tracer() override { return endpoints_.tracer(); }
    void purge() override { endpoints_.purge(); }
    std::optional<Deadline> sweep(Deadline now) override { return endpoints_.sweep(now); }
    std::vector<std::string> restore_elements() override { return endpoints_.restore_elements(); }
    bool wants_cut() const override { return endpoints_.wants_cut(); }
    std::set<IpAddress> begin_cut() override { return endpoints_.begin_cut(); }
    std::vector<netlink::Tracked> finish_cut(
        const std::vector<netlink::TrackedConnection>& connections) override {
        return endpoints_.finish_cut(connections);
    }
    void cut_answers() override { endpoints_.cut_answers(); }

private:
    Endpoints endpoints_;
};

}  // namespace terway::felix
