// policy-bpf: NetworkPolicies in eBPF, on the pod's device. See README.md.
#include <terway/module.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "collector.hpp"
#include "compile.hpp"
#include "endpoints.hpp"
#include "loader.hpp"
#include "options.hpp"
#include "tracer.hpp"

namespace terway::policy_bpf {
namespace {

class Bpf final : public sdk::Module,
                  public sdk::Policy,
                  public sdk::PolicyTrace,
                  public sdk::Service {
public:
    using Module::Module;

    void configure(sdk::Config& config) override { options_ = read_options(config); }
    void preflight() override { try_kernel(options_); }

    void start(const twy_node& node) override {
        std::vector<IpAddress> addresses;
        for (std::size_t i = 0; i < node.address_count; ++i) {
            addresses.push_back(Prefix::from_abi(node.addresses[i]).address());
        }
        const MutexLock lock(mutex_);
        if (endpoints_) {
            endpoints_->move_node(addresses);
            return;
        }
        endpoints_ = std::make_unique<Endpoints>(options_, addresses);
        if (const auto& sizes = endpoints_->state()->other_sizes(); !sizes.empty()) {
            log().warning("BPF maps keep the size they were made with: " + sizes +
                          "; remedy: README of policy-bpf, \"Sizes\"");
        }
        tracer_ = std::make_shared<Tracer>(endpoints_->state());
        sweeper_ = std::jthread([this](const std::stop_token& stop) { sweep(stop); });
        collector_ = std::jthread([this](const std::stop_token& stop) { collect_all(stop); });
    }

    void purge() override {
        for (auto* const thread : {&sweeper_, &collector_}) {
            thread->request_stop();
            if (thread->joinable()) {
                thread->join();
            }
        }
        const MutexLock lock(mutex_);
        tracer_.reset();
        endpoints_.reset();
        State::purge(options_);
    }

    void attach_policy(const sdk::Call& /*call*/, const sdk::EndpointView& endpoint,
                       const twy_attachment& made) override {
        const MutexLock lock(mutex_);
        endpoints().attach(endpoint, made);
        tracer_->know(endpoints().serials());
    }
    void detach_policy(const sdk::Call& /*call*/, const sdk::EndpointView& endpoint) override {
        const MutexLock lock(mutex_);
        endpoints().detach(endpoint);
        tracer_->know(endpoints().serials());
    }
    void check_policy(const sdk::Call& /*call*/, const sdk::EndpointView& endpoint,
                      const twy_attachment& /*made*/) override {
        const MutexLock lock(mutex_);
        endpoints().check(endpoint);
    }
    void adopt_policy(const sdk::Call& /*call*/, const sdk::EndpointView& endpoint,
                      const twy_attachment& made) override {
        const MutexLock lock(mutex_);
        endpoints().adopt(endpoint, made);
        tracer_->know(endpoints().serials());
    }
    void apply(const sdk::Call& /*call*/, const twy_policy_update& update) override {
        const MutexLock lock(mutex_);
        endpoints().apply(update);
        is_due_ = true;
        condition_.notify_all();
    }
    void apply_services(const sdk::Call& /*call*/, const twy_service_update& update) override {
        const MutexLock lock(mutex_);
        endpoints().apply(update);
        is_due_ = true;
        condition_.notify_all();
    }
    twy_policy_counters observe_policy(const sdk::Call& /*call*/, const sdk::EndpointView& endpoint,
                                       const twy_attachment& /*made*/) override {
        const MutexLock lock(mutex_);
        return endpoints().observe(endpoint);
    }

    void trace_policy(const sdk::Call& call, const Sink& sink) override {
        tracer()->listen(
            [&](const Heard* heard) {
                return heard == nullptr ? sink(nullptr) : tell(*heard, sink);
            },
            after(std::chrono::milliseconds(call.deadline_ms())));
    }

private:
    static bool tell(const Heard& heard, const Sink& sink) {
        const auto& from = heard.verdict;
        auto verdict = sdk::sized<twy_policy_verdict>();
        verdict.direction = from.direction == POLICY_EGRESS ? TWY_EGRESS : TWY_INGRESS;
        verdict.verdict = from.allowed != 0 ? TWY_ALLOW : TWY_DENY;
        verdict.protocol = from.protocol;
        const auto source = ip_of(from.source);
        const auto destination = ip_of(from.destination);
        verdict.family = source.is_v4() ? 4 : 6;
        verdict.time_ns = heard.time_ns;
        verdict.key = {sdk::str(heard.key.container_id), sdk::str(heard.key.ifname)};
        std::ranges::copy(source.bytes(), verdict.source);
        std::ranges::copy(destination.bytes(), verdict.destination);
        verdict.source_port = from.source_port;
        verdict.destination_port = from.destination_port;
        verdict.lost = heard.lost;
        return sink(&verdict);
    }

    [[nodiscard]] std::shared_ptr<Tracer> tracer() {
        const MutexLock lock(mutex_);
        (void)endpoints();
        return tracer_;
    }
    [[nodiscard]] Endpoints& endpoints() TERWAY_REQUIRES(mutex_) {
        if (!endpoints_) {
            throw Error(Status::Internal, "the module was not started");
        }
        return *endpoints_;
    }

    void sweep(const std::stop_token& stop) {
        constexpr std::chrono::seconds kPause{5};
        auto next = Deadline::max();
        std::shared_ptr<const State> state;
        Waste waste;
        ServiceWaste services;
        while (!stop.stop_requested()) {
            {
                const MutexLock lock(mutex_);
                (void)condition_.wait(mutex_, stop, next, [&] { return is_due_ && !state; });
                if (stop.stop_requested()) {
                    return;
                }
                if (!state) {  // else the last time failed
                    is_due_ = false;
                    waste = endpoints().take_waste();
                    services = endpoints().take_service_waste();
                    state = endpoints().state();
                }
            }
            next = Deadline::max();
            try {
                if (!waste.empty() || !services.empty()) {
                    await_programs();
                    dispose(*state, waste);
                    dispose(*state, services);
                }
                state.reset();
            } catch (const std::exception& error) {
                log().warning(std::string("what no endpoint needs any more stays for now: ") +
                              error.what());
                next = after(kPause);
            }
        }
    }

    void collect_all(const std::stop_token& stop) {
        constexpr std::chrono::seconds kPause{20};
        while (!stop.stop_requested()) {
            std::shared_ptr<const State> state;
            State::Living living;
            {
                const MutexLock lock(mutex_);
                (void)collecting_.wait(mutex_, stop, after(kPause), [] { return false; });
                if (stop.stop_requested()) {
                    return;
                }
                state = endpoints().state();
                living = state->living();
            }
            try {
                collect(*state, living, stop);
            } catch (const std::exception& error) {
                log().warning(std::string("connections that are over stay known for now: ") +
                              error.what());
            }
        }
    }

    Options options_;  // set by configure, which never runs beside another verb
    Mutex mutex_;      // also around changes of the maps: they are made one after another
    Condition condition_;
    Condition collecting_;
    std::unique_ptr<Endpoints> endpoints_ TERWAY_GUARDED_BY(mutex_);
    std::shared_ptr<Tracer> tracer_ TERWAY_GUARDED_BY(mutex_);
    bool is_due_ TERWAY_GUARDED_BY(mutex_) = false;
    std::jthread sweeper_;  // the last: they end first
    std::jthread collector_;
};

}  // namespace
}  // namespace terway::policy_bpf

TERWAY_MODULE(terway::policy_bpf::Bpf, "policy-bpf", TERWAY_VERSION, "kernel>=5.10", "qdisc:clsact",
              "bpf:sched_cls", "cap:net_admin", "cap:sys_admin");
