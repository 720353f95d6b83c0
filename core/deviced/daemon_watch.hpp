// Asks the daemon again and again, and keeps the book.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>

#include "deviced/device_book.hpp"

namespace terway::deviced {

class DaemonWatch {
public:
    struct Options {
        std::string socket;
        std::chrono::milliseconds period;
    };
    // Borrows the book. `changed` is called from run() whenever the list is another one.
    DaemonWatch(Options options, DeviceBook& book, std::function<void()> changed)
        : options_(std::move(options)), book_(book), changed_(std::move(changed)) {}

    // Until a stop is requested; then ends within the few seconds an answer may take.
    void run(const std::stop_token& stop);

private:
    void look();
    [[nodiscard]] std::optional<Supply> ask();
    void note(const std::string& trouble);

    const Options options_;
    DeviceBook& book_;
    const std::function<void()> changed_;
    std::string trouble_;  // as last logged
};

}  // namespace terway::deviced
