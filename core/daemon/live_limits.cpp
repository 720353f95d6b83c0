#include "daemon/live_limits.hpp"

#include <chrono>
#include <map>

#include "base/log.hpp"
#include "terway/error.hpp"

namespace terway::daemon {
namespace {

constexpr std::chrono::hours kLong{1};

std::map<std::string, std::string> annotations_of(const kube::Pod& pod) {
    std::map<std::string, std::string> all;
    for (const auto& [key, value] : pod.meta.annotations) {
        all.emplace(key.text(), value.text());
    }
    return all;
}

std::string in_words(std::uint64_t rate) {
    return rate == 0 ? "unlimited" : std::to_string(rate) + " bit/s";
}

std::string in_words(const endpoint::QosWish& wish) {
    const auto priority = endpoint::name_of(wish.priority);
    return "its bandwidth is now " + in_words(wish.rates.ingress) + " towards the pod, " +
           in_words(wish.rates.egress) + " from it" +
           (priority.empty() ? "" : ", its network priority " + std::string(priority));
}

// Whether that is all there is to do for now.
bool follow(const LimitParts& parts, const kube::Pod& pod) {
    try {
        if (const auto now = parts.apply(pod, endpoint::qos_wish_of(annotations_of(pod)))) {
            parts.tell(pod, false, in_words(*now));
        }
    } catch (const Error& error) {
        if (error.status() == Status::Invalid) {
            parts.tell(pod, true, std::string(error.what()) + "; the pod keeps its bandwidth");
            return true;
        }
        log::warning("a pod's bandwidth could not be changed yet",
                     {{"pod", pod.meta.space.text() + "/" + pod.meta.name.text()},
                      {"reason", error.what()}});
        return false;
    }
    return true;
}

}  // namespace

void PodNews::add(std::string_view space, std::string_view name) {
    const MutexLock lock(mutex_);
    names_.emplace(space, name);
    news_.notify_one();
}

std::set<PodNews::Name> PodNews::take(const std::stop_token& stop, Deadline deadline) {
    const MutexLock lock(mutex_);
    (void)news_.wait(mutex_, stop, deadline,
                     [this]() TERWAY_REQUIRES(mutex_) { return !names_.empty(); });
    return std::exchange(names_, {});
}

void follow_limits(const LimitParts& parts, const std::stop_token& stop) {
    std::set<PodNews::Name> again;
    while (!stop.stop_requested()) {
        auto names = parts.news.take(stop, after(again.empty() ? kLong : parts.pause));
        names.merge(again);
        again.clear();
        for (const auto& name : names) {
            const auto pod = parts.pods.get({name.first, name.second});
            if (pod != nullptr && !pod->is_over() && !stop.stop_requested() &&
                !follow(parts, *pod)) {
                again.insert(name);
            }
        }
    }
}

}  // namespace terway::daemon
