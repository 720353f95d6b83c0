#include "sim/kubelet/kubelet.hpp"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "terway/error.hpp"

namespace terway::sim::kubelet {
namespace {

constexpr std::chrono::seconds kLook{60};

}  // namespace

Kubelet::Kubelet(kube::KubeServer& server, KubeletOptions options)
    : server_(server),
      options_(std::move(options)),
      reporter_(server, "kubelet", options_.node),
      runner_({options_.conflist, options_.plugins, options_.netns_fd}, options_.directory),
      ledger_(options_.patience) {
    reporter_.node(options_.node, options_.addresses);
    for (unsigned i = 0; i < options_.workers; ++i) {
        threads_.emplace_back([this](const std::stop_token& stop) {
            pthread_setname_np(pthread_self(), "kubelet-worker");
            work(stop);
        });
    }
    threads_.emplace_back([this](const std::stop_token& stop) {
        pthread_setname_np(pthread_self(), "kubelet-watch");
        watch(stop);
    });
}

std::vector<PodOrder> Kubelet::orders() {
    return server_.with([this](kube::Api& api) {
        std::vector<PodOrder> all;
        const auto wanted = [this](const kube::Key&, const kube::Object& pod) {
            return kube::text_at(pod.value, {"spec", "nodeName"}) == options_.node;
        };
        const auto page = api.store().list(kube::kind_named("pods").stored(), "", wanted, 0, {}, 0);
        for (const auto& [key, pod] : page.items) {
            all.push_back(order_of(key, pod));
        }
        return all;
    });
}

void Kubelet::watch(const std::stop_token& stop) {
    std::uint64_t seen = 0;
    while (!stop.stop_requested()) {
        seen = server_.await_change(seen, stop, after(kLook));
        const auto all = orders();
        const MutexLock lock(mutex_);
        ledger_.observe(all, Clock::now());
        changed_.notify_all();
    }
}

std::optional<Job> Kubelet::await_job(const std::stop_token& stop) {
    const MutexLock lock(mutex_);
    while (!stop.stop_requested()) {
        if (auto job = ledger_.take(Clock::now())) {
            return job;
        }
        const auto due = std::min(ledger_.next(), after(kLook));
        (void)changed_.wait(mutex_, stop, due,
                            [&] { return ledger_.next() < due || due <= Clock::now(); });
    }
    return std::nullopt;
}

void Kubelet::work(const std::stop_token& stop) {
    while (const auto job = await_job(stop)) {
        const bool succeeded = perform(*job);
        const MutexLock lock(mutex_);
        ledger_.finish(*job, succeeded, Clock::now());
        changed_.notify_all();
    }
}

bool Kubelet::perform(const Job& job) {
    const bool starts = job.deed == Deed::Start;
    try {
        if (starts) {
            start(job);
        } else {
            runner_.stop(job.order);
            reporter_.gone(job.order);
        }
        return true;
    } catch (const std::exception& error) {
        try {
            reporter_.event(job.order, true, starts ? "FailedCreatePodSandBox" : "FailedKillPod",
                            error.what());
        } catch (const std::exception& another) {
            log::error("an event is lost", {{"pod", job.order.key.name}, {"why", another.what()}});
        }
        return false;
    }
}

void Kubelet::start(const Job& job) {
    const auto& order = job.order;
    const auto& host = options_.addresses.front();
    if (order.host_network) {
        reporter_.running(order, host, options_.addresses);
        return;
    }
    if (job.attempt == 0) {
        reporter_.waiting(order, host);
    }
    reporter_.running(order, host, runner_.start(order, job.attempt));
}

}  // namespace terway::sim::kubelet
