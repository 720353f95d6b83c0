// What one request may take and whom to tell when it takes longer.
#pragma once

#include <functional>
#include <stop_token>

#include "base/time.hpp"
#include "terway/error.hpp"

namespace terway::endpoint {

struct Operation {
    Deadline deadline;
    std::stop_token stop;
    // Answers the runtime in the request's place when the request is stuck in a module; the first
    // answer counts. Any thread; must not throw. May be empty.
    std::function<void(const Error&)> answer_early;
};

// A token that is stopped as soon as one of two is. Lives as long as whoever waits with it.
class EitherStop {
public:
    EitherStop(const std::stop_token& one, const std::stop_token& other)
        : one_(one, Forward{source_}), other_(other, Forward{source_}) {}

    [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

private:
    struct Forward {
        std::stop_source source;
        void operator()() { source.request_stop(); }
    };
    std::stop_source source_;
    std::stop_callback<Forward> one_;
    std::stop_callback<Forward> other_;
};

}  // namespace terway::endpoint
