// policy-felix: NetworkPolicies in nftables. See README.md.
#include <terway/module.hpp>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/back_off.hpp"
#include "base/mutex.hpp"
#include "cut.hpp"
#include "external.hpp"
#include "native.hpp"
#include "options.hpp"
#include "trial.hpp"

namespace terway::felix {
namespace {

// Of the calling thread.
std::chrono::nanoseconds processor_time() {
    timespec time{};
    (void)::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

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
            is_due_ = options_.is_external;  // a table of the other backend is to go
            sweeper_ = std::jthread([this](const std::stop_token& stop) { sweep(stop); });
            cutter_ = std::jthread([this](const std::stop_token& stop) { cut(stop); });
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
        cut_condition_.notify_one();
    }
    void detach_policy(const sdk::Call& /*call*/, const sdk::EndpointView& endpoint) override {
        const MutexLock lock(mutex_);
        backend().detach(endpoint);
        wake_sweeper();
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
        cut_condition_.notify_one();
    }
    void apply(const sdk::Call& /*call*/, const twy_policy_update& update) override {
        const MutexLock lock(mutex_);
        backend().apply(update);
        wake_sweeper();
        cut_condition_.notify_one();
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

    void wake_sweeper() TERWAY_REQUIRES(mutex_) {
        is_due_ = true;
        condition_.notify_one();
    }

    void sweep(const std::stop_token& stop) {
        const MutexLock lock(mutex_);
        auto next = Deadline::max();
        while (!stop.stop_requested()) {
            (void)condition_.wait(mutex_, stop, next, [&] { return is_due_; });
            is_due_ = false;
            if (!stop.stop_requested() && backend_) {
                next = sweep_once();
            }
        }
    }

    // When to come again.
    Deadline sweep_once() TERWAY_REQUIRES(mutex_) {
        constexpr std::chrono::seconds kPause{5};
        try {
            return backend_->sweep(Clock::now()).value_or(Deadline::max());
        } catch (const std::exception& error) {
            log().warning(std::string("what no endpoint needs any more stays for now: ") +
                          error.what());
            return after(kPause);
        }
    }

    // What rules forbid now is cut at once, but a tenth of the time at most goes there: on a node
    // with many connections, with pods that come and go all over the cluster, they are listed for
    // several changes together.
    void cut(const std::stop_token& stop) {
        constexpr int kRest = 9;
        constexpr std::chrono::seconds kPause{5};
        constexpr std::chrono::milliseconds kBreath{10};
        while (!stop.stop_requested()) {
            std::chrono::milliseconds rest{0};
            try {
                const bool is_wanted = await_cut(stop);
                const auto start = processor_time();
                if (is_wanted) {
                    cut_once();
                }
                cut_answers_once();
                rest = std::max(kBreath, std::chrono::ceil<std::chrono::milliseconds>(
                                             kRest * (processor_time() - start)));
            } catch (const std::exception& error) {
                log().warning(std::string("connections that rules forbid go on for now: ") +
                              error.what());
                rest = kPause;
            }
            (void)rest_for(rest, stop);
        }
    }
    // False: there is nothing new to cut, but answers to what was cut may be there.
    bool await_cut(const std::stop_token& stop) {
        const MutexLock lock(mutex_);
        const auto patience = Clock::now() < answers_until_ ? Clock::now() : Deadline::max();
        return cut_condition_.wait(mutex_, stop, patience,
                                   [&] { return backend_ != nullptr && backend_->wants_cut(); });
    }
    void cut_once() {
        constexpr std::chrono::seconds kAnswersFor{3};
        std::set<IpAddress> pods;
        {
            const MutexLock lock(mutex_);
            pods = backend().begin_cut();
        }
        netlink::Socket socket(NETLINK_NETFILTER);
        const auto connections = connections_of(socket, pods);
        const MutexLock lock(mutex_);
        answers_until_ = after(kAnswersFor);
        for (const auto& each : backend().finish_cut(connections)) {
            was_cut_.emplace_back(answers_until_, each);
        }
    }
    void cut_answers_once() {
        std::erase_if(was_cut_,
                      [now = Clock::now()](const auto& each) { return each.first < now; });
        std::vector<netlink::Tracked> recent;
        for (const auto& [_, connection] : was_cut_) {
            recent.push_back(connection);
        }
        if (!recent.empty()) {
            netlink::Socket socket(NETLINK_NETFILTER);
            (void)cut_answers(socket, recent);
        }
        const MutexLock lock(mutex_);
        if (backend_ != nullptr) {
            backend_->cut_answers();
        }
    }

    Options options_;  // set by configure, which never runs beside another verb
    Mutex mutex_;      // also around the kernel's changes: they are made one after another
    Condition condition_;
    std::unique_ptr<Backend> backend_ TERWAY_GUARDED_BY(mutex_);
    bool is_due_ TERWAY_GUARDED_BY(mutex_) = false;
    Condition cut_condition_;
    // The cutter's own: what was cut, and until when answers to it may come.
    std::vector<std::pair<Deadline, netlink::Tracked>> was_cut_;
    Deadline answers_until_{};
    std::jthread sweeper_;  // the last: they end first
    std::jthread cutter_;
};

}  // namespace
}  // namespace terway::felix

TERWAY_MODULE(terway::felix::Felix, "policy-felix", TERWAY_VERSION, "kernel>=5.4", "nft:inet",
              "cap:net_admin", "needs:host-link if backend=external",
              "needs:felix-host-names if backend=external");
