#include "endpoint/reaper.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>

#include "base/log.hpp"
#include "netlink/link.hpp"
#include "terway/error.hpp"

namespace terway::endpoint {
namespace {

using std::chrono::milliseconds;

// How long to wait for company after the last arrival, and at the most.
constexpr milliseconds kQuiet{4};
constexpr milliseconds kPatience{40};
constexpr milliseconds kRetry{500};

}  // namespace

Reaper::Reaper(Metrics& metrics)
    : metrics_(metrics), thread_([this](const std::stop_token& stop) { run(stop); }) {}

Reaper::~Reaper() {
    finish();
}

void Reaper::on_release(Released released) {
    const MutexLock lock(mutex_);
    released_ = std::move(released);
}

void Reaper::finish() {
    if (thread_.joinable()) {
        thread_.request_stop();
        thread_.join();
        (void)reap();
    }
}

void Reaper::retire(std::uint32_t ifindex) {
    netlink::Socket socket;
    try {
        netlink::change_link(socket, ifindex, {.group = TWY_RETIRED_LINK_GROUP});
    } catch (const Error& error) {
        if (error.sys_errno() == ENODEV) {
            return;
        }
        throw;
    }
    const MutexLock lock(mutex_);
    ++retired_;
    wake_.notify_one();
}

bool Reaper::await(Deadline deadline) {
    const MutexLock lock(mutex_);
    const auto mine = retired_;
    return reaped_.wait(mutex_, {}, deadline,
                        [this, mine]() TERWAY_REQUIRES(mutex_) { return gone_ >= mine; });
}

void Reaper::release_after_retired(const std::vector<IpAddress>& addresses) {
    Released released;
    {
        const MutexLock lock(mutex_);
        if (gone_ < retired_) {
            for (const auto& address : addresses) {
                waiting_.emplace_back(retired_, address);
            }
            return;
        }
        released = released_;
    }
    released(addresses);
}

std::vector<IpAddress> Reaper::take_due(std::uint64_t until) {
    std::vector<IpAddress> due;
    for (const auto& [number, address] : waiting_) {
        if (number <= until) {
            due.push_back(address);
        }
    }
    std::erase_if(waiting_, [until](const auto& entry) { return entry.first <= until; });
    return due;
}

void Reaper::gather(const std::stop_token& stop) {
    const auto enough = after(kPatience);
    auto seen = retired_;
    while (wake_.wait(mutex_, stop, std::min(after(kQuiet), enough),
                      [this, seen]() TERWAY_REQUIRES(mutex_) { return retired_ != seen; })) {
        seen = retired_;
    }
}

bool Reaper::reap() {
    try {
        netlink::Socket socket;
        (void)netlink::remove_links_of_group(socket, TWY_RETIRED_LINK_GROUP);
        return true;
    } catch (const Error& error) {
        log::error("retired links could not be deleted", {{"reason", error.what()}});
        return false;
    }
}

void Reaper::run(const std::stop_token& stop) {
    pthread_setname_np(pthread_self(), "reaper");
    const auto rounds = metrics_.counter("terway_reaper_rounds_total", "Deletions of the group");
    const auto links = metrics_.counter("terway_reaper_links_total", "Links handed to the reaper");
    while (!stop.stop_requested()) {
        std::uint64_t until = 0;
        std::uint64_t before = 0;
        {
            const MutexLock lock(mutex_);
            if (!wake_.wait(mutex_, stop, Deadline::max(),
                            [this]() TERWAY_REQUIRES(mutex_) { return retired_ > gone_; })) {
                return;
            }
            gather(stop);
            until = retired_;
            before = std::max(gone_, kLeftovers);
        }
        if (!reap()) {
            const MutexLock lock(mutex_);
            (void)wake_.wait(mutex_, stop, after(kRetry), [] { return false; });
            continue;
        }
        rounds.increment();
        links.increment(static_cast<double>(until - before));
        std::vector<IpAddress> due;
        Released released;
        {
            const MutexLock lock(mutex_);
            gone_ = until;
            due = take_due(until);
            released = released_;
            reaped_.notify_all();
        }
        if (!due.empty()) {
            released(due);
        }
    }
}

}  // namespace terway::endpoint
