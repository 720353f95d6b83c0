#include "cutter.hpp"

#include <linux/netlink.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "base/back_off.hpp"
#include "cut.hpp"
#include "processor_time.hpp"

namespace terway::felix {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kBreath{10};
constexpr seconds kPause{5};  // after a failure
constexpr seconds kAnswersFor{3};

}  // namespace

Cutter::Cutter(Mutex& mutex, const std::unique_ptr<Backend>& backend, Warn warn)
    : mutex_(mutex), backend_(backend), warn_(std::move(warn)) {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Cutter::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        milliseconds rest{0};
        try {
            const bool is_wanted = await(stop);
            const auto start = processor_time();
            if (is_wanted) {
                cut_once();
            }
            cut_answers_once();
            rest = std::max(kBreath, rest_after(processor_time() - start));
        } catch (const std::exception& error) {
            warn_(std::string("connections that rules forbid go on for now: ") + error.what());
            rest = kPause;
        }
        (void)rest_for(rest, stop);
    }
}

bool Cutter::await(const std::stop_token& stop) {
    const MutexLock lock(mutex_);
    const auto patience = Clock::now() < answers_until_ ? Clock::now() : Deadline::max();
    return condition_.wait(mutex_, stop, patience, [&]() TERWAY_REQUIRES(mutex_) {
        return backend_ != nullptr && backend_->wants_cut();
    });
}

void Cutter::cut_once() {
    std::set<IpAddress> pods;
    {
        const MutexLock lock(mutex_);
        if (backend_ != nullptr) {
            pods = backend_->begin_cut();
        }
    }
    netlink::Socket socket(NETLINK_NETFILTER);
    const auto connections = connections_of(socket, pods);
    const MutexLock lock(mutex_);
    answers_until_ = after(kAnswersFor);
    if (backend_ != nullptr) {
        for (const auto& each : backend_->finish_cut(connections)) {
            was_cut_.emplace_back(answers_until_, each);
        }
    }
}

void Cutter::cut_answers_once() {
    std::erase_if(was_cut_, [now = Clock::now()](const auto& each) { return each.first < now; });
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

}  // namespace terway::felix
