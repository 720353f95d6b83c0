#include "upkeep.hpp"

#include <algorithm>
#include <utility>

#include "processor_time.hpp"

namespace terway::felix {
namespace {

constexpr std::chrono::seconds kPause{5};  // after a failure

std::string list(const std::vector<std::string>& names) {
    constexpr std::size_t kMost = 8;
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), kMost); ++i) {
        text += (i == 0 ? "" : ", ") + names[i];
    }
    return names.size() > kMost ? text + " and " + std::to_string(names.size() - kMost) + " more"
                                : text;
}

}  // namespace

Upkeep::Upkeep(Mutex& mutex, const std::unique_ptr<Backend>& backend, Warn warn,
               std::chrono::milliseconds look_every)
    : mutex_(mutex), backend_(backend), warn_(std::move(warn)), look_every_(look_every) {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Upkeep::run(const std::stop_token& stop) {
    const MutexLock lock(mutex_);
    auto next_sweep = Deadline::max();
    auto next_look = after(look_every_);
    while (true) {
        (void)condition_.wait(mutex_, stop, std::min(next_sweep, next_look),
                              [this] { return is_due_.load(); });
        const bool is_due = is_due_.exchange(false);
        if (stop.stop_requested()) {
            return;
        }
        if (backend_ == nullptr) {
            next_sweep = Deadline::max();
            next_look = after(look_every_);
            continue;
        }
        if (is_due || Clock::now() >= next_sweep) {
            next_sweep = sweep();
        }
        if (Clock::now() >= next_look) {
            next_look = look();
        }
    }
}

Deadline Upkeep::sweep() {
    try {
        return backend_->sweep(Clock::now()).value_or(Deadline::max());
    } catch (const std::exception& error) {
        warn_(std::string("what no endpoint needs any more stays for now: ") + error.what());
        return after(kPause);
    }
}

Deadline Upkeep::look() {
    const auto start = processor_time();
    try {
        if (const auto names = backend_->restore_elements(); !names.empty()) {
            warn_("somebody changed elements of " + list(names) + "; put right");
        }
    } catch (const std::exception& error) {
        warn_(std::string("elements that somebody changed stay so for now: ") + error.what());
    }
    return after(std::max(look_every_, rest_after(processor_time() - start)));
}

}  // namespace terway::felix
