#include "churn_pods.hpp"

#include <cmath>

#include "terway/error.hpp"

namespace terway::bench {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::hours kPatience{1};

}  // namespace

ChurnPods::ChurnPods(pool::AddressPool& pool, VirtualTime& time, const ChurnRate& rate,
                     std::uint64_t seed)
    : pool_(pool), time_(time), rate_(rate), random_(seed) {}

ChurnPods::~ChurnPods() {
    for (auto& each : waiting_) {
        each.thread.request_stop();
    }
}

milliseconds ChurnPods::drawn(double mean) {
    const double part = (static_cast<double>(random_() >> 11U) + 1) / 9007199254740993.0;
    return milliseconds(static_cast<std::int64_t>(-std::log(part) * mean) + 1);
}

void ChurnPods::come_until(WallTime end) {
    time_.at(time_.now(), [this, end] { arrive(end); });
}

void ChurnPods::arrive(WallTime end) {
    const auto next = time_.now() + drawn(1000.0 / rate_.pods_per_second);
    if (next < end) {
        time_.at(next, [this, end] { arrive(end); });
    }
    const auto pod = "pod-" + std::to_string(count_++);
    try {
        start(pod, pool_.lease({pod, {}}, {}, Deadline{}));
    } catch (const Error&) {
        wait(pod);
    }
}

void ChurnPods::start(const std::string& pod, const pool::Lease& lease) {
    for (const auto& address : lease.addresses) {
        doubles_ += routes_.emplace(address, pod).second ? 0 : 1;
    }
    leases_[pod] = lease.addresses;
    time_.at(time_.now() + drawn(static_cast<double>(rate_.mean_life.count())),
             [this, pod] { leave(pod); });
}

void ChurnPods::leave(const std::string& pod) {
    const auto lease = leases_.extract(pod);
    for (const auto& address : lease.mapped()) {
        routes_.erase(address);
    }
    pool_.release(pod);
}

void ChurnPods::wait(const std::string& pod) {
    ++waited_;
    auto& me = waiting_.emplace_back();
    me.pod = pod;
    me.since = time_.now();
    me.thread = std::jthread([this, &me](const std::stop_token& stop) {
        std::optional<pool::Lease> given;
        try {
            given = pool_.lease({me.pod, {}}, stop, after(kPatience));
        } catch (const Error&) {
            given.reset();
        }
        const MutexLock lock(mutex_);
        me.given = std::move(given);
        me.over = true;
        news_.notify_all();
    });
}

std::vector<ChurnPods::Waiting*> ChurnPods::answered() {
    std::vector<Waiting*> over;
    const MutexLock lock(mutex_);
    while (true) {
        over.clear();
        for (auto& each : waiting_) {
            if (each.over) {
                over.push_back(&each);
            }
        }
        // Those in neither place are on their way from one to the other.
        if (over.size() + pool_.picture().waiting.size() == waiting_.size()) {
            return over;
        }
        news_.wait(mutex_, {}, after(milliseconds(1)), [] { return false; });
    }
}

void ChurnPods::settle() {
    if (waiting_.empty()) {
        return;
    }
    for (const auto* each : answered()) {
        if (each->given) {
            longest_wait_ = std::max(longest_wait_, time_.now() - each->since);
            start(each->pod, *each->given);
        } else {
            ++refused_;
        }
    }
    waiting_.remove_if([](const auto& each) { return each.over; });
}

}  // namespace terway::bench
