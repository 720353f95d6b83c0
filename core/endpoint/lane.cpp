#include "endpoint/lane.hpp"

#include <utility>

#include "terway/error.hpp"

namespace terway::endpoint {

Lane::Lane(std::string name, std::size_t width) : name_(std::move(name)), free_(width) {}

Lane::Permit Lane::enter(const std::stop_token& stop, Deadline deadline) {
    const MutexLock lock(mutex_);
    if (!freed_.wait(mutex_, stop, deadline,
                     [this]() TERWAY_REQUIRES(mutex_) { return free_ > 0; })) {
        throw Error(Status::Retry, "the " + name_ + " lane stayed full until the deadline");
    }
    --free_;
    return Permit(*this);
}

void Lane::Permit::surrender() {
    const MutexLock lock(lane_.mutex_);
    if (!std::exchange(surrendered_, true)) {
        ++lane_.free_;
        lane_.freed_.notify_one();
    }
}

Lane::Permit::~Permit() {
    surrender();
}

}  // namespace terway::endpoint
