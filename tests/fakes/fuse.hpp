// Death at any step: a Fuse throws Killed, which nothing in the product catches, as SIGKILL would
// end the process there.
#pragma once

#include <mutex>
#include <optional>

namespace terway::fakes {

struct Killed {};

// Burns by one before and after every effect outside the process, in whichever thread has it.
class Fuse {
public:
    void set(std::optional<unsigned> steps);
    void burn();
    [[nodiscard]] unsigned burnt() const;
    [[nodiscard]] bool blown() const;

private:
    mutable std::mutex mutex_;
    std::optional<unsigned> left_;
    unsigned burnt_ = 0;
};

}  // namespace terway::fakes
