// The backend "external": a calico-felix beside us enforces policies; nothing of ours is in the
// kernel.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "backend.hpp"
#include "external_plan.hpp"
#include "options.hpp"

namespace terway::felix {

class External final : public Backend {
public:
    // In the host's namespace.
    External(const Options& options, const sdk::Log& log);

    void move_node(std::vector<IpAddress> /*node*/) override {}
    // Throws Error(Unsupported) where the pod has no link on the host, and Error(Invalid) if it has
    // one by which Felix does not know it.
    void attach(const sdk::EndpointView& endpoint, const twy_attachment& made) override;
    void adopt(const sdk::EndpointView& endpoint, const twy_attachment& made) override;
    void detach(const sdk::EndpointView& /*endpoint*/) override {}
    // That Felix lives, and has the endpoint's rules in force if it tells of that. Error(Retry)
    // while it may still come true.
    void check(const sdk::EndpointView& endpoint) override;
    void apply(const twy_policy_update& /*update*/) override {}
    twy_policy_counters observe(const sdk::EndpointView& endpoint) override;
    // Throws Error(Unsupported): Felix does not tell.
    std::shared_ptr<Tracer> tracer() override;
    void purge() override;
    // A table of the other backend goes as soon as Felix lives.
    std::optional<Deadline> sweep(Deadline now) override;

private:
    // Empty if it is. Asks no more often than it makes sense.
    [[nodiscard]] const std::string& why_not_alive();
    [[nodiscard]] std::string ask() const;

    const Options options_;
    const sdk::Log& log_;
    std::string trouble_;
    Deadline asked_{};
    bool is_table_gone_ = false;
};

}  // namespace terway::felix
