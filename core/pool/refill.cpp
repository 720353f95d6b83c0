#include "pool/refill.hpp"

#include <pthread.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "base/log.hpp"
#include "terway/error.hpp"

namespace terway::pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::chrono::minutes kOrderTakes{2};
constexpr seconds kResyncTakes{60};
constexpr seconds kIdleLook{1};
constexpr milliseconds kFirstPause{1000};
constexpr milliseconds kLongestPause{30'000};

}  // namespace

Refill::Refill(EniPool& pool, EniWorker& worker, const EniSettings& settings)
    : pool_(pool), worker_(worker), reconcile_every_(settings.reconcile_every) {}

void Refill::run(const std::stop_token& stop) {
    const std::jthread in_step([&] {
        pthread_setname_np(pthread_self(), "pool-resync");
        keep_in_step(stop);
    });
    std::list<Job> jobs;
    while (!stop.stop_requested()) {
        for (auto& order : pool_.await_orders(stop, after(kIdleLook))) {
            start(jobs, std::move(order), stop);
        }
        jobs.remove_if([](const Job& job) { return job.over.load(); });
    }
}

void Refill::start(std::list<Job>& jobs, Order order, const std::stop_token& stop) {
    auto& job = jobs.emplace_back();
    job.thread = std::jthread([this, &job, stop, order = std::move(order)] {
        pthread_setname_np(pthread_self(), "pool-order");
        try {
            worker_.carry_out(order, {stop, after(kOrderTakes), [&](const cloud::ApiError& error) {
                                          pool_.setback(order.id, error.what());
                                      }});
        } catch (const std::exception& error) {
            log::error("an order failed in an unforeseen way", {{"reason", error.what()}});
            pool_.failed(order.id, {cloud::Reaction::Unknown, error.what(), {}, order.again});
        }
        job.over = true;
    });
}

void Refill::keep_in_step(const std::stop_token& stop) {
    auto pause = kFirstPause;
    while (!stop.stop_requested()) {
        bool well = true;
        try {
            worker_.resync({stop, after(kResyncTakes)});
        } catch (const Error& error) {
            well = false;
            if (!stop.stop_requested()) {
                log::warning("the cloud cannot be read", {{"reason", error.what()}});
            }
        }
        Mutex mutex;
        Condition never;
        const MutexLock lock(mutex);
        pause = well ? kFirstPause : std::min(pause * 2, kLongestPause);
        never.wait(mutex, stop, after(pause), [] { return false; });
        if (well) {
            (void)pool_.await_resync(stop, after(reconcile_every_));
        }
    }
}

}  // namespace terway::pool
