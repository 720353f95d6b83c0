#include "daemon/service_proxy.hpp"

#include <pthread.h>

#include <utility>
#include <vector>

#include "base/back_off.hpp"
#include "base/checkpoint.hpp"
#include "base/heap.hpp"
#include "base/log.hpp"
#include "service/abi_update.hpp"
#include "terway/error.hpp"

namespace terway::daemon {
namespace {

using Kind = ServiceInbox::Kind;

constexpr std::chrono::hours kLong{1};

Gauge revision(Metrics& metrics, const char* of, const std::string& module) {
    return metrics.gauge("terway_service_revision",
                         "Of the Services that modules are to have, and have",
                         {{"of", of}, {"module", module}});
}

}  // namespace

ServiceProxy::ServiceProxy(Parts parts) : parts_(std::move(parts)) {
    if (!parts_.is_wanted) {
        for (const auto kind : {Kind::Services, Kind::Slices, Kind::Node}) {
            parts_.inbox.synced(kind);
        }
    }
}

void ServiceProxy::add_modules(const std::set<std::string>& ids) {
    const MutexLock lock(book_mutex_);
    book_.add_modules(ids);
}

void ServiceProxy::gather(const std::stop_token& stop, Deadline deadline) {
    auto news = parts_.inbox.take(stop, deadline);
    const auto begun = Clock::now();
    while (true) {
        {
            const MutexLock lock(book_mutex_);
            book_.take(news);
        }
        const auto waiting = parts_.inbox.size();
        parts_.metrics.gauge("terway_service_waiting_news", "Changes nobody has looked at yet")
            .set(static_cast<double>(waiting));
        if (waiting == 0 || Clock::now() - begun > parts_.pace.gather) {
            return;
        }
        news = parts_.inbox.take(stop, begun);
    }
}

std::string ServiceProxy::carry_out(const ServiceDelivery& delivery) {
    const auto begun = Clock::now();
    std::string failed;
    try {
        const service::AbiUpdate update(*delivery.update, delivery.is_full, delivery.revision);
        parts_.apply(delivery.module, update.raw());
        checkpoint("service.applied");
    } catch (const std::exception& error) {
        failed = error.what();
        parts_.metrics
            .counter("terway_service_failures_total",
                     "Services that a module could not put in force", {{"module", delivery.module}})
            .increment();
    }
    parts_.metrics
        .histogram("terway_service_apply_seconds",
                   "How long a module takes to put Services in force",
                   {{"module", delivery.module}})
        .observe(std::chrono::duration<double>(Clock::now() - begun).count());
    return failed;
}

void ServiceProxy::tell_modules() {
    std::vector<ServiceDelivery> all;
    std::size_t frontends = 0;
    {
        const MutexLock lock(book_mutex_);
        all = book_.round();
        frontends = book_.index().frontends();
    }
    parts_.metrics.gauge("terway_service_frontends", "Addresses and ports that Services have")
        .set(static_cast<double>(frontends));
    std::string failed;
    for (const auto& delivery : all) {
        revision(parts_.metrics, "want", delivery.module)
            .set(static_cast<double>(delivery.revision));
        const auto text = carry_out(delivery);
        {
            const MutexLock lock(book_mutex_);
            book_.settle(delivery, text.empty());
        }
        if (text.empty()) {
            revision(parts_.metrics, "have", delivery.module)
                .set(static_cast<double>(delivery.revision));
        } else {
            failed = text;
        }
    }
    failures_.note(failed);
}

std::string ServiceProxy::trouble() const {
    if (const auto refusal = parts_.inbox.refusal(); !refusal.empty()) {
        return "Services are not known: " + refusal;
    }
    return failures_.trouble_after(parts_.pace.stale_after);
}

void ServiceProxy::run(const std::stop_token& stop) noexcept {
    pthread_setname_np(pthread_self(), "services");
    auto next = Clock::now();  // when a module may be asked again
    bool has_tidied = false;
    while (!stop.stop_requested()) {
        try {
            gather(stop, failures_.lasting() ? next : after(kLong));
            if (Clock::now() < next || stop.stop_requested()) {
                continue;
            }
            tell_modules();
            if (!has_tidied && look([](const auto& book) { return book.is_synced(); })) {
                has_tidied = true;
                give_back_freed_memory();
            }
        } catch (const std::exception& error) {
            failures_.note(error.what());
            const MutexLock lock(book_mutex_);
            book_.distrust();
        }
        if (const auto failed = failures_.lasting()) {
            next = after(back_off(failed->times - 1, random_fraction(), parts_.pace.first_rest,
                                  parts_.pace.longest_rest));
        }
    }
}

}  // namespace terway::daemon
