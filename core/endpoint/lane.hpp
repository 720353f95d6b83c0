// A lane lets a fixed number of operations into the kernel at a time: its locks serialise link
// creation anyway, and deletions want company.
#pragma once

#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>

#include "base/mutex.hpp"
#include "base/time.hpp"

namespace terway::endpoint {

// A monitor. Any thread.
class Lane {
public:
    // `name` is for error texts: "add".
    Lane(std::string name, std::size_t width);

    // A place in the lane; given back on destruction or, once and for all, by surrender().
    class Permit {
    public:
        ~Permit();
        Permit(Permit&&) = delete;
        // Gives the place to somebody else while its holder is stuck. Any thread, any number of
        // times.
        void surrender();

    private:
        friend class Lane;
        explicit Permit(Lane& lane) : lane_(lane) {}
        Lane& lane_;
        bool surrendered_ TERWAY_GUARDED_BY(lane_.mutex_) = false;
    };

    // Waits for a place. Throws Error(Retry) when the deadline passes or a stop is requested first.
    [[nodiscard]] Permit enter(const std::stop_token& stop, Deadline deadline);

private:
    const std::string name_;
    Mutex mutex_;
    Condition freed_;
    std::size_t free_ TERWAY_GUARDED_BY(mutex_);
};

}  // namespace terway::endpoint
