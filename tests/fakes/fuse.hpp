// Death at any step: a Fuse throws Killed, which nothing in the product catches, as SIGKILL would
// end the process there.
#pragma once

#include <optional>

namespace terway::fakes {

struct Killed {};

// Burns by one before and after every effect outside the process.
class Fuse {
public:
    void set(std::optional<unsigned> steps) { left_ = steps; }
    void burn();
    [[nodiscard]] unsigned burnt() const { return burnt_; }
    [[nodiscard]] bool blown() const { return left_ == 0U; }

private:
    std::optional<unsigned> left_;
    unsigned burnt_ = 0;
};

}  // namespace terway::fakes
