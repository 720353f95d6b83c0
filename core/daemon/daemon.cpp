#include "daemon/daemon.hpp"

#include <pthread.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <thread>

#include "base/heap.hpp"
#include "base/log.hpp"
#include "daemon/admin.hpp"
#include "daemon/cni_handler.hpp"
#include "daemon/cni_install.hpp"
#include "daemon/inspect.hpp"
#include "daemon/kube_hooks.hpp"
#include "daemon/limit_view.hpp"
#include "daemon/module_set.hpp"
#include "daemon/node_addresses.hpp"
#include "daemon/policy_modules.hpp"
#include "daemon/policy_service.hpp"
#include "daemon/policy_trace.hpp"
#include "daemon/pool_metrics.hpp"
#include "daemon/server.hpp"
#include "daemon/service_manager.hpp"
#include "daemon/service_modules.hpp"
#include "daemon/service_proxy.hpp"
#include "daemon/supply.hpp"
#include "daemon/watch.hpp"
#include "endpoint/abi_view.hpp"
#include "endpoint/manager.hpp"
#include "terway/types.hpp"

namespace terway::daemon {
namespace {

using std::chrono::seconds;

constexpr seconds kFarewell{10};  // for requests in flight when a stop is asked for
constexpr seconds kSweepPeriod{2};
constexpr seconds kTakeOverTime{120};
constexpr seconds kLookTime{5};

void settle_modules(endpoint::Modules& modules, const profile::Profile& profile,
                    const endpoint::Registry& registry, store::Store& store) {
    const auto cidrs = endpoint::to_abi(profile.node.pod_cidrs);
    const auto addresses = endpoint::to_abi(node_addresses());
    auto node = sdk::sized<twy_node>();
    node.pod_cidrs = cidrs.data();
    node.pod_cidr_count = cidrs.size();
    node.addresses = addresses.data();
    node.address_count = addresses.size();
    settle(modules, profile, registry.all(), remembered_modules(store), node);
    remember_modules(store, profile);
}

void describe_metrics(Metrics& metrics, const endpoint::Manager& manager,
                      const pool::AddressPool& pool) {
    std::map<std::string, double> states{{"adding", 0}, {"ready", 0}, {"deleting", 0}};
    for (const auto& record : manager.records()) {
        ++states[std::string(endpoint::name_of(record.state))];
    }
    for (const auto& [state, count] : states) {
        metrics.gauge("terway_endpoints", "Endpoints by state", {{"state", state}}).set(count);
    }
    describe_pool(metrics, pool.picture());
}

// Runs the sweeper until a stop is asked for.
void sweep(endpoint::Manager& manager, const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "sweep");
    Mutex mutex;
    Condition pause;
    while (!stop.stop_requested()) {
        {
            const MutexLock lock(mutex);
            (void)pause.wait(mutex, stop, after(kSweepPeriod), [] { return false; });
        }
        try {
            manager.sweep({after(kTakeOverTime), stop, {}});
        } catch (const Error& error) {
            log::warning("the sweeper stumbled", {{"reason", error.what()}});
        }
    }
}

void take_over(endpoint::Manager& manager) {
    const endpoint::Operation operation{after(kTakeOverTime), {}, {}};
    const auto adoption = manager.take_over(operation);
    const auto tickets = manager.drain_tickets(operation);
    log::info("took over", {{"kept", adoption.kept},
                            {"gone", adoption.gone},
                            {"finished", adoption.finished},
                            {"failed", adoption.failed},
                            {"tickets", tickets}});
}

// Everything between the profile and the signal, in the order of its making.
class Daemon {
public:
    explicit Daemon(const Surroundings& surroundings)
        : profile_(surroundings.profile),
          fallbacks_(surroundings.fallbacks),
          modules_(surroundings.modules),
          metrics_(surroundings.metrics),
          kube_(surroundings.kube),
          store_(surroundings.store),
          registry_(store_),
          gate_(metrics_, gate_options(profile_), open_breadcrumbs(profile_)),
          reaper_(metrics_),
          supply_(
              make_supply({profile_, store_, modules_, gate_, reaper_, metrics_, registry_.all()})),
          policies_(make_policies(surroundings.policies)),
          services_({surroundings.services,
                     metrics_,
                     profile_.service.by == profile::ServiceBy::Module,
                     service_applier(modules_, gate_, reaper_),
                     {}}),
          manager_({profile_, modules_, gate_, reaper_, registry_, store_, supply_->pool(),
                    metrics_, kube_ == nullptr ? request_pods_ : kube_->pods(), supply_->cares(),
                    repair_listener(kube_), policies_.get(), limit_listener(kube_),
                    [this] { return services_.trouble(); }}),
          limits_(manager_),
          inspector_({profile_, modules_, fallbacks_, manager_, supply_->pool(), gate_, limits_,
                      policies_.get(), services_},
                     [this] { return supply_->doors(); }),
          tracer_({modules_, gate_, reaper_, manager_, policies_.get()}),
          server_({profile_.daemon.socket, profile_.daemon.max_requests,
                   profile_.daemon.request_deadline},
                  handlers(), metrics_) {}

    // The reaper's thread uses the manager.
    ~Daemon() { reaper_.finish(); }
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    int run() {
        const CniInstall installation(profile_.cni);
        if (profile_.cni.install) {
            installation.check();
            installation.install_binary();
        }
        announce_fallbacks();
        settle_modules(modules_, profile_, registry_, store_);
        manager_.reclaim_addresses();
        supply_->start();
        take_over(manager_);
        const auto policies = keep_policies();
        const auto services = keep_services(services_, modules_);
        supply_->warm_up();
        server_.listen();
        // Now a client either finds us or has left a ticket by now.
        (void)manager_.drain_tickets({after(kTakeOverTime), {}, {}});
        bool clean = false;
        {
            std::jthread accept([&](const std::stop_token& stop) {
                pthread_setname_np(pthread_self(), "accept");
                clean = server_.serve(stop, kFarewell);
            });
            const std::jthread sweeper(
                [this](const std::stop_token& stop) { sweep(manager_, stop); });
            const std::jthread watch([this](const std::stop_token& stop) {
                watch_kernel(manager_, supply_->cares(), stop);
            });
            std::jthread capacity;
            std::jthread limits;
            if (kube_ != nullptr) {
                capacity = kube_->watch_capacity([this] { return shortage(); });
                limits = kube_->watch_limits(limiter(manager_));
            }
            const auto admin = open_admin();
            if (profile_.cni.install) {
                installation.install_configuration();
            }
            log::info("serving", {{"socket", profile_.daemon.socket}, {"profile", profile_.name}});
            // Loading modules and rulesets leaves the heap mostly empty.
            give_back_freed_memory();
            notify_systemd("READY=1");
            wait_for_signal();
            notify_systemd("STOPPING=1");
        }
        if (!clean || gate_.lost() > 0) {
            log::error("requests are stuck in a module; leaving without them",
                       {{"lost", gate_.lost()}});
            std::_Exit(0);
        }
        return 0;
    }

private:
    static host::GateOptions gate_options(const profile::Profile& profile) {
        host::GateOptions options;
        options.module_deadline = profile.daemon.module_deadline;
        options.max_lost = profile.daemon.max_lost_threads;
        options.give_up = [] {
            log::error("too many calls are stuck in modules; starting afresh");
            std::abort();
        };
        return options;
    }

    static host::Breadcrumbs open_breadcrumbs(const profile::Profile& profile) {
        auto breadcrumbs = host::Breadcrumbs::open(profile.daemon.state_dir + "/crashes");
        host::install_crash_handler(breadcrumbs.fd());
        return breadcrumbs;
    }

    void announce_fallbacks() {
        for (const auto& each : fallbacks_) {
            log::warning("this node cannot run a dataplane; new pods get its fallback",
                         {{"event", "DataplaneFallback"},
                          {"from", each.from},
                          {"to", each.to},
                          {"reason", each.reason}});
            metrics_
                .gauge("terway_chain_fallback", "1 where new pods get another dataplane",
                       {{"from", each.from}, {"to", each.to}})
                .set(1);
            if (kube_ != nullptr) {
                kube_->about_node(
                    true, "DataplaneFallback",
                    "new pods get " + each.to + " in place of " + each.from + ": " + each.reason);
            }
        }
    }

    std::unique_ptr<PolicyService> make_policies(PolicyInbox* inbox) {
        if (inbox == nullptr) {
            return nullptr;
        }
        return std::make_unique<PolicyService>(
            PolicyService::Parts{profile_.policy,
                                 *inbox,
                                 metrics_,
                                 policy_modules(profile_),
                                 kube_ != nullptr,
                                 policy_applier(modules_, gate_, reaper_),
                                 [kube = kube_](const auto& spec, const auto& message) {
                                     if (kube != nullptr) {
                                         kube->unprotected(spec, message);
                                     }
                                 },
                                 {},
                                 [kube = kube_](const auto& spec) {
                                     if (kube != nullptr) {
                                         kube->addressed(spec);
                                     }
                                 }});
    }

    // Begins when all endpoints of before are known, for what is not named has no rules.
    std::jthread keep_policies() {
        if (policies_ == nullptr) {
            return {};
        }
        return std::jthread([this](const std::stop_token& stop) { policies_->run(stop); });
    }

    // What is wrong with the node or its pods; empty if nothing is.
    std::string trouble() {
        return text_of([this] { manager_.status(); });
    }
    // What keeps the node from taking pods.
    std::string shortage() {
        return text_of([this] { manager_.require_capacity(); });
    }
    template <class Requirement>
    static std::string text_of(const Requirement& require) {
        try {
            require();
            return {};
        } catch (const Error& error) {
            return error.what();
        }
    }

    Handlers handlers() {
        return {[this](const cni::Invocation& invocation, Fd netns, const auto& operation) {
                    return handle_cni(manager_, metrics_, invocation, std::move(netns), operation,
                                      listener_);
                },
                [this](const std::string& payload, const auto& operation) {
                    return inspector_.handle(payload, operation);
                },
                [this](const std::string& payload, const Tell& tell) {
                    tracer_.follow(payload, tell);
                }};
    }

    std::unique_ptr<Admin> open_admin() {
        if (profile_.daemon.admin.empty()) {
            return nullptr;
        }
        Admin::Pages pages;
        pages.metrics = [this] {
            describe_metrics(metrics_, manager_, supply_->pool());
            return metrics_.text() + limits_.metrics({after(kLookTime), {}, {}});
        };
        pages.trouble = [this] { return trouble(); };
        return std::make_unique<Admin>(profile_.daemon.admin, std::move(pages));
    }

    const profile::Profile& profile_;
    const std::vector<Fallback>& fallbacks_;
    endpoint::Modules& modules_;
    Metrics& metrics_;
    KubeService* const kube_;
    store::Store& store_;
    endpoint::Registry registry_;
    host::Gate gate_;
    endpoint::Reaper reaper_;
    std::unique_ptr<Supply> supply_;
    endpoint::RequestPodSource request_pods_;
    std::unique_ptr<PolicyService> policies_;
    ServiceProxy services_;
    endpoint::Manager manager_;
    LimitView limits_;
    Inspector inspector_;
    PolicyTracer tracer_;
    const AddListener listener_ = add_listener(kube_);
    Server server_;
};

}  // namespace

int serve(const Surroundings& surroundings) {
    return Daemon(surroundings).run();
}

}  // namespace terway::daemon
