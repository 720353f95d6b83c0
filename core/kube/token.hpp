// The bearer token, which the kubelet renews in its file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/mutex.hpp"
#include "base/time.hpp"

namespace terway::kube {

// A monitor; any thread.
class Token {
public:
    // That text for ever, or that of the file; neither: there is none.
    Token(std::string text, std::string file);

    // Empty if there is none. A file is read again when it has changed or was read a minute ago;
    // if it cannot be, the last token does. Throws Error if there is no last one.
    [[nodiscard]] std::string get();
    // Was refused: the file is read again the next time.
    void renew();

private:
    // What tells one file of that name from the next.
    struct Stamp {
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
        std::uint64_t size = 0;
        std::int64_t changed = 0;
        bool operator==(const Stamp&) const = default;
    };
    struct Reading {
        Stamp stamp;
        Deadline stale;
        std::string text;
    };

    [[nodiscard]] static std::optional<Stamp> stamp_of(const std::string& file);
    [[nodiscard]] std::string read() const;

    const std::string text_;
    const std::string file_;
    Mutex mutex_;
    std::optional<Reading> reading_ TERWAY_GUARDED_BY(mutex_);
};

}  // namespace terway::kube
