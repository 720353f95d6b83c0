#include "tracer.hpp"

#include <bpf/libbpf.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "clock.hpp"
#include "terway/error.hpp"

namespace terway::policy_bpf {
namespace {

constexpr std::size_t kMostHeard = 4'096;
constexpr std::chrono::milliseconds kSilence{400};

struct Free {
    void operator()(ring_buffer* ring) const noexcept { ::ring_buffer__free(ring); }
};

// What must be added to CLOCK_MONOTONIC for nanoseconds since the epoch.
std::uint64_t epoch_offset() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(
               std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()) -
           monotonic_ns();
}

}  // namespace

Tracer::Tracer(std::shared_ptr<const State> state)
    : state_(std::move(state)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

Tracer::~Tracer() {
    thread_.request_stop();
}

void Tracer::know(std::map<std::uint32_t, policy::EndpointKey> serials) {
    const MutexLock lock(mutex_);
    serials_ = std::move(serials);
}

void Tracer::count_listeners() {
    state_->settings().listeners = static_cast<std::uint32_t>(listeners_.size());
    condition_.notify_all();
}

void Tracer::listen(const std::function<bool(const Heard*)>& sink, Deadline deadline) {
    const auto me = [&] {
        const MutexLock lock(mutex_);
        if (listeners_.empty()) {
            untold_ = state_->reason(POLICY_UNTOLD);
        }
        const auto at = listeners_.emplace(listeners_.end());
        count_listeners();
        return at;
    }();
    const auto leave = [&] {
        const MutexLock lock(mutex_);
        listeners_.erase(me);
        count_listeners();
    };
    try {
        bool goes_on = sink(nullptr);
        while (goes_on && Clock::now() < deadline) {
            std::deque<Heard> heard;
            {
                const MutexLock lock(mutex_);
                (void)condition_.wait(mutex_, {}, std::min(deadline, after(kSilence)),
                                      [&] { return !me->heard.empty(); });
                heard.swap(me->heard);
            }
            if (heard.empty()) {
                goes_on = sink(nullptr);
            }
            for (auto each = heard.begin(); goes_on && each != heard.end(); ++each) {
                goes_on = sink(&*each);
            }
        }
    } catch (...) {
        leave();
        throw;
    }
    leave();
}

void Tracer::hear(const policy_verdict& verdict) {
    const MutexLock lock(mutex_);
    const auto key = serials_.find(verdict.endpoint);
    const auto untold = state_->reason(POLICY_UNTOLD);
    const auto lost = untold - std::exchange(untold_, untold);
    for (auto& listener : listeners_) {
        listener.lost += lost;
        if (key == serials_.end() || listener.heard.size() >= kMostHeard) {
            ++listener.lost;
            continue;
        }
        listener.heard.push_back(
            {verdict, verdict.time + epoch_offset(), key->second, std::exchange(listener.lost, 0)});
    }
    condition_.notify_all();
}

void Tracer::run(const std::stop_token& stop) {
    constexpr int kPatience = 100;  // ms
    const std::unique_ptr<ring_buffer, Free> ring(::ring_buffer__new(
        state_->verdicts_fd(),
        [](void* self, void* data, std::size_t size) {
            if (size >= sizeof(policy_verdict)) {
                static_cast<Tracer*>(self)->hear(*static_cast<const policy_verdict*>(data));
            }
            return 0;
        },
        this, nullptr));
    while (ring != nullptr && !stop.stop_requested()) {
        {
            const MutexLock lock(mutex_);
            if (!condition_.wait(mutex_, stop, Deadline::max(),
                                 [&] { return !listeners_.empty(); })) {
                continue;
            }
        }
        (void)::ring_buffer__poll(ring.get(), kPatience);
    }
}

}  // namespace terway::policy_bpf
