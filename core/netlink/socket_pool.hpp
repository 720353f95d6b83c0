// Sockets kept open between uses.
//
// For NETLINK_NETFILTER this is a must: closing one soon after an nftables object was deleted makes
// the kernel wait for an RCU grace period (some 10 ms) under the lock of all nftables changes of
// the namespace, so that a hundred removals queue up for more than a second.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "netlink/socket.hpp"

namespace terway::netlink {

// A monitor; any thread. Every borrower must be in the same network namespace, for a socket stays
// in the one it was opened in. Holds as many sockets as were ever in use at a time.
class SocketPool {
public:
    explicit SocketPool(int protocol) : protocol_(protocol) {}

    // A socket for one thread until destruction.
    class Lease {
    public:
        ~Lease() { pool_.give_back(std::move(socket_)); }
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        [[nodiscard]] Socket& operator*() const noexcept { return *socket_; }

    private:
        friend class SocketPool;
        Lease(SocketPool& pool, std::unique_ptr<Socket> socket)
            : pool_(pool), socket_(std::move(socket)) {}
        SocketPool& pool_;
        std::unique_ptr<Socket> socket_;
    };

    // Throws Error if a new socket is needed and cannot be opened.
    [[nodiscard]] Lease borrow();

private:
    void give_back(std::unique_ptr<Socket> socket) noexcept;

    const int protocol_;
    Mutex mutex_;
    std::vector<std::unique_ptr<Socket>> idle_ TERWAY_GUARDED_BY(mutex_);
};

}  // namespace terway::netlink
