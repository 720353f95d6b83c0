#include "fakes/fuse.hpp"

namespace terway::fakes {

void Fuse::set(std::optional<unsigned> steps) {
    const std::scoped_lock lock(mutex_);
    left_ = steps;
}

void Fuse::burn() {
    const std::scoped_lock lock(mutex_);
    ++burnt_;
    if (left_ && *left_ > 0 && --*left_ == 0) {
        throw Killed{};
    }
}

unsigned Fuse::burnt() const {
    const std::scoped_lock lock(mutex_);
    return burnt_;
}

bool Fuse::blown() const {
    const std::scoped_lock lock(mutex_);
    return left_ == 0U;
}

}  // namespace terway::fakes
