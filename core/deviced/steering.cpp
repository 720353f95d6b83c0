#include "deviced/steering.hpp"

#include <algorithm>
#include <cmath>

namespace terway::deviced {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirst{200};
constexpr milliseconds kLongest{30'000};
// A kubelet that has registered us takes our list within a moment, or it has lost us.
constexpr milliseconds kListenTime{10'000};

}  // namespace

milliseconds back_off(unsigned failures, const std::function<double()>& dice) {
    const auto doublings = std::min(failures, 10U);
    const auto full = std::min(kFirst * (1U << doublings), kLongest);
    return std::chrono::duration_cast<milliseconds>(full *
                                                    (0.5 + std::clamp(dice(), 0.0, 1.0) / 2));
}

Steering::Step Steering::next(const Sight& sight, Deadline now) {
    wake_ = Deadline::max();
    if (sight.kubelet != seen_) {
        seen_ = sight.kubelet;
        failures_ = 0;
        retry_ = now;
    }
    if (!sight.has_devices) {
        return Step::Wait;
    }
    const auto once_due = [&](Step step, Deadline due) {
        wake_ = std::max(due, retry_);
        return now < wake_ ? Step::Wait : step;
    };
    if (!sight.serving) {
        return once_due(Step::Serve, retry_);
    }
    if (!sight.kubelet) {
        return Step::Wait;
    }
    if (registered_ != sight.kubelet) {
        return once_due(Step::Register, retry_);
    }
    if (sight.listener) {
        listened_ = now;
        failures_ = 0;
        return Step::Wait;
    }
    return once_due(Step::Register, listened_ + kListenTime);
}

void Steering::served() {
    registered_.reset();
    failures_ = 0;
    retry_ = {};
}

void Steering::registered(const FileId& kubelet, Deadline now) {
    registered_ = kubelet;
    listened_ = now;
}

milliseconds Steering::failed(Deadline now) {
    const auto pause = back_off(failures_++, dice_);
    retry_ = now + pause;
    return pause;
}

}  // namespace terway::deviced
