#include "store/state_dir.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "terway/error.hpp"

namespace terway::store {
namespace {

Error refusal(const std::string& path, const std::string& reason, int sys_errno,
              const std::string& remedy) {
    return {Status::Internal,
            path + ": " + reason + (sys_errno == 0 ? "" : ": ") +
                (sys_errno == 0 ? "" : std::strerror(sys_errno)) + "; " + remedy,
            sys_errno};
}

std::string remedy_for(int sys_errno) {
    switch (sys_errno) {
        case ENOSPC:
        case EDQUOT:
            return "free space or inodes on its file system";
        case EROFS:
            return "mount its file system read-write or choose another state directory";
        case ENOENT:
            return "create its parent directory or choose another state directory";
        default:
            return "see to it that root may write there or choose another state directory";
    }
}

std::string octal(mode_t mode) {
    std::array<char, 8> text{};
    (void)std::snprintf(text.data(), text.size(), "%04o", mode & 07777U);
    return text.data();
}

std::string holder(int lock) {
    std::array<char, 32> text{};
    const auto size = pread(lock, text.data(), text.size() - 1, 0);
    const std::string pid(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    const auto end = pid.find_first_not_of("0123456789");
    return end == 0 || pid.empty() ? "another process" : "process " + pid.substr(0, end);
}

}  // namespace

void ensure_state_dir(const std::string& path) {
    if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        const int sys_errno = errno;
        throw refusal(path, "cannot create the state directory", sys_errno, remedy_for(sys_errno));
    }
    struct stat info {};
    const Fd directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || fstat(directory.get(), &info) != 0) {
        const int sys_errno = errno;
        throw refusal(path, "cannot open the state directory", sys_errno,
                      sys_errno == ENOTDIR ? "remove what is in its place" : remedy_for(sys_errno));
    }
    if (info.st_uid != 0) {
        throw refusal(path, "the state directory belongs to user " + std::to_string(info.st_uid), 0,
                      "chown it to root");
    }
    if ((info.st_mode & 077U) != 0) {
        throw refusal(path,
                      "the state directory is open to others (mode " + octal(info.st_mode) + ")", 0,
                      "check what is in it and chmod it to 0700");
    }
    if (access(path.c_str(), W_OK | X_OK) != 0) {
        const int sys_errno = errno;
        throw refusal(path, "cannot write to the state directory", sys_errno,
                      remedy_for(sys_errno));
    }
}

Fd lock_state_dir(const std::string& directory) {
    const auto path = directory + "/lock";
    Fd lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock) {
        const int sys_errno = errno;
        throw refusal(path, "cannot open the lock file", sys_errno, remedy_for(sys_errno));
    }
    if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        const int sys_errno = errno;
        if (sys_errno != EWOULDBLOCK) {
            throw refusal(path, "cannot lock", sys_errno, remedy_for(sys_errno));
        }
        throw refusal(directory, "the state directory is in use by " + holder(lock.get()), 0,
                      "stop that terwayd or give this one a state directory of its own");
    }
    // For the message above only: on a full disk the lock holds just the same.
    const auto pid = std::to_string(getpid()) + "\n";
    if (ftruncate(lock.get(), 0) == 0) {
        [[maybe_unused]] const auto written = pwrite(lock.get(), pid.data(), pid.size(), 0);
    }
    return lock;
}

}  // namespace terway::store
