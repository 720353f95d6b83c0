// When to serve and when to register: decides from what is seen, does nothing. Pure.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "base/time.hpp"

namespace terway::deviced {

// Tells a socket from another of the same name, made later.
struct FileId {
    dev_t device = 0;
    ino_t inode = 0;
    std::int64_t changed_ns = 0;  // inode numbers come again

    bool operator==(const FileId&) const = default;
};

// Grows from a fifth of a second to half a minute; jittered, because all nodes may lose their
// kubelet at once. `dice` says numbers from 0 to 1.
[[nodiscard]] std::chrono::milliseconds back_off(unsigned failures,
                                                 const std::function<double()>& dice);

class Steering {
public:
    enum class Step : std::uint8_t { Wait, Serve, Register };

    struct Sight {
        bool has_devices = false;       // without any there is nothing to register
        bool serving = false;           // our socket is where we made it
        std::optional<FileId> kubelet;  // its socket
        bool listener = false;          // somebody takes our list
    };

    explicit Steering(std::function<double()> dice) : dice_(std::move(dice)) {}

    [[nodiscard]] Step next(const Sight& sight, Deadline now);
    // How the step went. What failed is tried again later, or at once with another kubelet.
    void served();
    void registered(const FileId& kubelet, Deadline now);
    // Until it is tried again.
    std::chrono::milliseconds failed(Deadline now);
    // When next() may say something new although nothing has changed.
    [[nodiscard]] Deadline wake() const noexcept { return wake_; }

private:
    const std::function<double()> dice_;
    std::optional<FileId> seen_;        // the kubelet as of the last look
    std::optional<FileId> registered_;  // the one that knows us
    Deadline listened_;                 // when somebody last took our list, or was asked to
    Deadline retry_;
    Deadline wake_ = Deadline::max();
    unsigned failures_ = 0;
};

}  // namespace terway::deviced
