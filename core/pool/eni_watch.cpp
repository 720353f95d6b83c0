#include "pool/eni_watch.hpp"

#include <algorithm>
#include <chrono>

#include "terway/error.hpp"

namespace terway::pool {
namespace {

constexpr std::chrono::milliseconds kFirstNap{250};
constexpr std::chrono::milliseconds kLongestNap{1000};

// Lets go of a mutex its thread holds, for as long as this lives.
class Unlocked {
public:
    explicit Unlocked(Mutex& mutex) : mutex_(mutex) { mutex_.unlock(); }
    ~Unlocked() { mutex_.lock(); }
    Unlocked(const Unlocked&) = delete;
    Unlocked& operator=(const Unlocked&) = delete;

private:
    Mutex& mutex_;
};

}  // namespace

std::optional<cloud::Eni> EniWatch::look(const std::string& eni, const cloud::Patience& patience) {
    cloud::EniFilter filter;
    filter.ids = {eni};
    for (auto& each : api_.describe_enis(filter, patience)) {
        if (each.id == eni) {
            return each;
        }
    }
    return std::nullopt;
}

std::optional<cloud::Eni> EniWatch::await(const std::string& eni, const Until& until,
                                          const cloud::Patience& patience) {
    auto nap = kFirstNap;
    const MutexLock lock(mutex_);
    const auto mine = watched_.insert(eni);
    // A read that is under way was not asked about this ENI.
    const auto joined = begun_;
    try {
        while (true) {
            if (patience.stop.stop_requested() || Clock::now() >= patience.deadline) {
                throw Error(Status::Retry, "ENI " + eni + " did not get ready in time");
            }
            const auto before = round_;
            if (looking_) {
                news_.wait(mutex_, patience.stop, patience.deadline,
                           [&]() TERWAY_REQUIRES(mutex_) { return round_ != before || !looking_; });
            } else {
                looking_ = true;
                {
                    const Unlocked unlocked(mutex_);
                    nics_.await_change({patience.stop, std::min(after(nap), patience.deadline)});
                }
                nap = std::min(nap * 3 / 2, kLongestNap);
                look_for_all(patience);
            }
            const auto seen = seen_.find(eni);
            auto now = seen == seen_.end() ? std::nullopt : std::optional(seen->second);
            if (round_ != before && round_ > joined && until(now)) {
                watched_.erase(mine);
                return now;
            }
        }
    } catch (const Error&) {
        watched_.erase(mine);
        throw;
    }
}

void EniWatch::look_for_all(const cloud::Patience& patience) {
    cloud::EniFilter filter;
    const std::set<std::string> ids(watched_.begin(), watched_.end());
    filter.ids.assign(ids.begin(), ids.end());
    const auto mine = ++begun_;
    std::vector<cloud::Eni> enis;
    std::optional<Error> failure;
    {
        const Unlocked unlocked(mutex_);
        try {
            enis = api_.describe_enis(filter, patience);
        } catch (const Error& error) {
            failure = error;
        }
    }
    looking_ = false;
    if (!failure) {
        seen_.clear();
        for (auto& each : enis) {
            seen_.emplace(each.id, std::move(each));
        }
        round_ = mine;
    }
    news_.notify_all();
    if (failure && failure->status() != Status::Retry) {
        throw Error(*failure);
    }
}

}  // namespace terway::pool
