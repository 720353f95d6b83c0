// Network namespaces: an owned handle, and the scope that enters one and returns.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/fd.hpp"
#include "terway/error.hpp"

namespace terway {

// Owns a file descriptor of a network namespace.
class Netns {
public:
    // The calling thread's. Throws Error.
    [[nodiscard]] static Netns current();
    // A path such as /run/netns/x. Throws Error(Gone) if nothing is there, Error(Invalid) if it is
    // no network namespace.
    [[nodiscard]] static Netns open(const std::string& path);
    // Takes a descriptor over. Throws Error(Invalid) if it is no network namespace.
    [[nodiscard]] static Netns adopt(Fd fd);
    // A fresh anonymous namespace with `lo` down; dies with its last holder. Throws Error.
    [[nodiscard]] static Netns create();

    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    // Identity: two handles name the same namespace iff this is equal.
    [[nodiscard]] std::uint64_t inode() const;

private:
    explicit Netns(Fd fd) noexcept : fd_(std::move(fd)) {}
    Fd fd_;
};

// Puts the calling thread into a namespace for its lifetime. A thread that cannot return would
// corrupt everything after, so failing to return aborts the process.
class NetnsScope {
public:
    explicit NetnsScope(int netns_fd);
    ~NetnsScope();
    NetnsScope(const NetnsScope&) = delete;
    NetnsScope& operator=(const NetnsScope&) = delete;

private:
    Netns home_;
};

// Inode of the calling thread's network namespace: cheap, for "are we home again?".
[[nodiscard]] std::uint64_t current_netns_inode();

}  // namespace terway
