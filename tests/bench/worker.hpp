// A thread in a network namespace whose failure is its starter's.
#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <thread>

namespace terway::bench {

class Worker {
public:
    // `processor` is an ordinal among those this process may use; where there is one, it is that.
    // Without it the thread runs where the kernel likes.
    Worker(const std::string& name, int netns, std::optional<unsigned> processor,
           std::function<void()> work);

    // Waits for its end; throws what ended it.
    void finish();

private:
    std::exception_ptr failure_;
    std::jthread thread_;
};

}  // namespace terway::bench
