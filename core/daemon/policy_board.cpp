#include "daemon/policy_board.hpp"

#include <algorithm>

namespace terway::daemon {

PolicyTicket PolicyBoard::enter(const endpoint::EndpointKey& key, bool was_there) {
    const MutexLock lock(mutex_);
    seats_.insert_or_assign(key, Seat{++last_, was_there, was_there});
    changed_.notify_all();
    return last_;
}

bool PolicyBoard::leave(const endpoint::EndpointKey& key) {
    const MutexLock lock(mutex_);
    const bool was_there = seats_.erase(key) != 0;
    changed_.notify_all();
    return was_there;
}

PolicyTicket PolicyBoard::ticket_of(const endpoint::EndpointKey& key) const {
    const MutexLock lock(mutex_);
    const auto found = seats_.find(key);
    return found == seats_.end() ? 0 : found->second.ticket;
}

PolicyBoard::Seen PolicyBoard::wait(const endpoint::EndpointKey& key, PolicyTicket ticket,
                                    const std::stop_token& stop, Deadline deadline) const {
    const MutexLock lock(mutex_);
    auto seen = Seen::InVain;
    (void)changed_.wait(mutex_, stop, deadline, [&]() TERWAY_REQUIRES(mutex_) {
        const auto found = seats_.find(key);
        if (found == seats_.end() || found->second.ticket != ticket) {
            seen = Seen::Gone;
        } else if (found->second.in_force) {
            seen = Seen::InForce;
        }
        return seen != Seen::InVain;
    });
    return seen;
}

void PolicyBoard::pass(const endpoint::EndpointKey& key, PolicyTicket ticket) {
    const MutexLock lock(mutex_);
    const auto found = seats_.find(key);
    if (found != seats_.end() && found->second.ticket == ticket) {
        found->second.has_passed = true;
    }
}

void PolicyBoard::publish(const std::vector<Standing>& standings) {
    const MutexLock lock(mutex_);
    for (const auto& each : standings) {
        const auto found = seats_.find(each.key);
        if (found != seats_.end() && found->second.ticket == each.ticket) {
            found->second.in_force = each.in_force;
            found->second.has_passed = found->second.has_passed || each.in_force;
        }
    }
    changed_.notify_all();
}

std::size_t PolicyBoard::closed() const {
    const MutexLock lock(mutex_);
    return static_cast<std::size_t>(std::count_if(
        seats_.begin(), seats_.end(),
        [](const auto& each) { return each.second.has_passed && !each.second.in_force; }));
}

bool PolicyBoard::is_closed(const endpoint::EndpointKey& key) const {
    const MutexLock lock(mutex_);
    const auto found = seats_.find(key);
    return found != seats_.end() && found->second.has_passed && !found->second.in_force;
}

}  // namespace terway::daemon
