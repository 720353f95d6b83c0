// Tells when entries of a directory come or go.
#pragma once

#include <string>

#include "base/fd.hpp"

namespace terway::deviced {

// One thread.
class DirectoryWatch {
public:
    // The directory need not exist. Throws Error if the kernel has no inotify instance left.
    explicit DirectoryWatch(std::string path);

    // Becomes readable when something has happened.
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    // Forgets what has happened. Call before looking at the directory: it also begins to watch one
    // that has come only now.
    void renew();

private:
    const std::string path_;
    const Fd fd_;
    int watch_ = -1;
};

}  // namespace terway::deviced
