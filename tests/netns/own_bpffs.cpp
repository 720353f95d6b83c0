#include "own_bpffs.hpp"

#include <sched.h>
#include <sys/mount.h>

#include <cerrno>

#include "terway/error.hpp"

namespace terway::test {

const std::string& own_bpffs() {
    static const std::string kPath = [] {
        if (::unshare(CLONE_NEWNS) != 0 ||
            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("own", "/mnt", "tmpfs", 0, "mode=0700") != 0) {
            throw system_error("have mounts of its own", errno);
        }
        return "/mnt/bpf";
    }();
    return kPath;
}

}  // namespace terway::test
