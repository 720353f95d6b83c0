#include "fakes/fuse.hpp"

namespace terway::fakes {

void Fuse::burn() {
    ++burnt_;
    if (left_ && *left_ > 0 && --*left_ == 0) {
        throw Killed{};
    }
}

}  // namespace terway::fakes
