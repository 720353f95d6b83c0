#include "base/netns.hpp"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <thread>

namespace terway {
namespace {

constexpr const char* kOwnNetns = "/proc/thread-self/ns/net";

}  // namespace

Netns Netns::current() {
    return open(kOwnNetns);
}

Netns Netns::open(const std::string& path) {
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) {
        const int error = errno;
        if (error == ENOENT || error == ENOTDIR) {
            throw Error(Status::Gone, "network namespace " + path + ": " + std::strerror(error),
                        error);
        }
        throw system_error("network namespace " + path, error);
    }
    return with_context(path, [&] { return adopt(std::move(fd)); });
}

Netns Netns::adopt(Fd fd) {
    if (::ioctl(fd.get(), NS_GET_NSTYPE) != CLONE_NEWNET) {
        throw Error(Status::Invalid, "not a network namespace");
    }
    return Netns(std::move(fd));
}

Netns Netns::create() {
    // A thread of its own, so that the caller never leaves home.
    Fd fd;
    std::exception_ptr failure;
    std::thread([&] {
        try {
            if (::unshare(CLONE_NEWNET) != 0) {
                throw system_error("create a network namespace", errno);
            }
            fd = std::move(current().fd_);
        } catch (...) {
            failure = std::current_exception();
        }
    }).join();
    if (failure) {
        std::rethrow_exception(failure);
    }
    return Netns(std::move(fd));
}

std::uint64_t Netns::inode() const {
    struct stat found {};
    if (::fstat(fd_.get(), &found) != 0) {
        throw system_error("stat a network namespace", errno);
    }
    return found.st_ino;
}

NetnsScope::NetnsScope(int netns_fd) : home_(Netns::current()) {
    if (::setns(netns_fd, CLONE_NEWNET) != 0) {
        throw system_error("enter a network namespace", errno);
    }
}

NetnsScope::~NetnsScope() {
    if (::setns(home_.fd(), CLONE_NEWNET) != 0) {
        std::perror("terway: cannot return to the host network namespace");
        std::abort();
    }
}

std::uint64_t current_netns_inode() {
    struct stat found {};
    if (::stat(kOwnNetns, &found) != 0) {
        throw system_error("stat the own network namespace", errno);
    }
    return found.st_ino;
}

}  // namespace terway
