// policy-felix: NetworkPolicies in nftables. See README.md.
#include <terway/module.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "cutter.hpp"
#include "external.hpp"
#include "native.hpp"
#include "options.hpp"
#include "trial.hpp"
#include "upkeep.hpp"

namespace terway::felix {
namespace {

class Felix final : public sdk::Module, public sdk::Policy, public sdk::PolicyTrace {
public:
    using Module::Module;

    void configure(sdk::Config& config) override { options_ = read_options(config); }

    void preflight() override {
        if (!options_.is_external) {
            try_kernel();
        }
    }

    void start(const twy_node& node) override {
        std::vector<IpAddress> addresses;
        for (std::size_t i = 0; i < node.address_count; ++i) {
            addresses.push_back(Prefix::from_abi(node.addresses[i]).address());
        }
        const MutexLock lock(mutex_);
        if (backend_) {
            backend_->move_node(std::move(addresses));
        } else {
            begin(std::move(addresses));
            begin_threads();
        }
    }

    void purge() override {
        const MutexLock lock(mutex_);
        if (!backend_) {
            begin({});
        }
        backend_->purge();
        backend_.reset();
    }

    void attach_policy(const sdk::Call& /*call*/, const sdk::EndpointView& endpoint,
                       const twy_attachment& made) override {
        const MutexLock lock(mutex_);
        backend().attach(endpoint, made);
        wake_cutter();
    }
    void detach_policy(const sdk::Call& /*call*/, const sdk::EndpointView& endpoint) override {
        const MutexLock lock(mutex_);
        backend().detach(endpoint);
        wake_upkeep();
    }
    void check_policy(const sdk::Call& /*call*/, const sdk::EndpointView& endpoint,
                      const twy_attachment& /*made*/) override {
        const MutexLock lock(mutex_);
        backend().check(endpoint);
    }
    void adopt_policy(const sdk::Call& /*call*/, const sdk::EndpointView& endpoint,
                      const twy_attachment& made) override {
        const MutexLock lock(mutex_);
        backend().adopt(endpoint, made);
        wake_cutter();
    }
    void apply(const sdk::Call& /*call*/, const twy_policy_update& update) override {
        const MutexLock lock(mutex_);
        backend().apply(update);
        wake_upkeep();
        wake_cutter();
    }
    twy_policy_counters observe_policy(const sdk::Call& /*call*/, const sdk::EndpointView& endpoint,
                                       const twy_attachment& /*made*/) override {
        const MutexLock lock(mutex_);
        return backend().observe(endpoint);
    }

    void trace_policy(const sdk::Call& call, const Sink& sink) override {
        const auto deadline = after(std::chrono::milliseconds(call.deadline_ms()));
        tracer()->listen(
            [&](const Heard* heard) {
                return heard == nullptr ? sink(nullptr) : tell(*heard, sink);
            },
            deadline);
    }

private:
    static bool tell(const Heard& heard, const Sink& sink) {
        auto verdict = sdk::sized<twy_policy_verdict>();
        verdict.direction = heard.direction == Direction::Egress ? TWY_EGRESS : TWY_INGRESS;
        verdict.verdict = heard.allowed ? TWY_ALLOW : TWY_DENY;
        verdict.protocol = heard.flow.protocol;
        verdict.family = heard.flow.source.is_v4() ? 4 : 6;
        verdict.time_ns = heard.time_ns;
        verdict.key = {sdk::str(heard.key.container_id), sdk::str(heard.key.ifname)};
        std::ranges::copy(heard.flow.source.bytes(), verdict.source);
        std::ranges::copy(heard.flow.destination.bytes(), verdict.destination);
        verdict.source_port = heard.flow.source_port;
        verdict.destination_port = heard.flow.destination_port;
        verdict.lost = heard.lost;
        return sink(&verdict);
    }

    void begin(std::vector<IpAddress> node) TERWAY_REQUIRES(mutex_) {
        if (options_.is_external) {
            backend_ = std::make_unique<External>(options_, log());
        } else {
            backend_ = std::make_unique<Native>(
                options_, std::move(node), [this](const std::string& line) { log().info(line); });
        }
    }

    void begin_threads() TERWAY_REQUIRES(mutex_) {
        if (!upkeep_) {
            const auto warn = [this](const std::string& line) { log().warning(line); };
            upkeep_.emplace(mutex_, backend_, warn);
            cutter_.emplace(mutex_, backend_, warn);
        }
        if (options_.is_external) {
            upkeep_->wake();  // a table of the other backend is to go
        }
    }

    [[nodiscard]] std::shared_ptr<Tracer> tracer() {
        const MutexLock lock(mutex_);
        return backend().tracer();
    }

    [[nodiscard]] Backend& backend() TERWAY_REQUIRES(mutex_) {
        if (!backend_) {
            throw Error(Status::Internal, "the module was not started");
        }
        return *backend_;
    }

    void wake_cutter() TERWAY_REQUIRES(mutex_) {
        if (cutter_) {
            cutter_->wake();
        }
    }
    void wake_upkeep() TERWAY_REQUIRES(mutex_) {
        if (upkeep_) {
            upkeep_->wake();
        }
    }

    Options options_;  // set by configure, which never runs beside another verb
    Mutex mutex_;      // also around the kernel's changes: they are made one after another
    std::unique_ptr<Backend> backend_ TERWAY_GUARDED_BY(mutex_);
    std::optional<Upkeep> upkeep_;  // the last: they end first
    std::optional<Cutter> cutter_;
};

}  // namespace
}  // namespace terway::felix

TERWAY_MODULE(terway::felix::Felix, "policy-felix", TERWAY_VERSION, "kernel>=5.4", "nft:inet",
              "cap:net_admin", "needs:host-link if backend=external",
              "needs:felix-host-names if backend=external");
