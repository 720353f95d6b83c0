#include "deviced/directory_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "terway/error.hpp"

namespace terway::deviced {
namespace {

constexpr std::uint32_t kEvents = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                                  IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

}  // namespace

DirectoryWatch::DirectoryWatch(std::string path)
    : path_(std::move(path)), fd_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    if (!fd_) {
        throw system_error("watch of " + path_, errno);
    }
}

void DirectoryWatch::renew() {
    alignas(inotify_event) std::array<char, 4096> buffer{};
    bool lost = false;
    for (;;) {
        const auto size = ::read(fd_.get(), buffer.data(), buffer.size());
        if (size <= 0) {
            break;
        }
        for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(size);) {
            inotify_event event{};
            std::memcpy(&event, buffer.data() + at, sizeof event);
            // Of a former watch the end is told after there is another.
            lost = lost || (event.wd == watch_ && (event.mask & (IN_IGNORED | IN_MOVE_SELF)) != 0);
            at += sizeof event + event.len;
        }
    }
    if (lost && watch_ >= 0) {
        (void)::inotify_rm_watch(fd_.get(), watch_);
        watch_ = -1;
    }
    if (watch_ < 0) {
        watch_ = ::inotify_add_watch(fd_.get(), path_.c_str(), kEvents);
    }
}

}  // namespace terway::deviced
