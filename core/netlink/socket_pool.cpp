#include "netlink/socket_pool.hpp"

#include <new>

namespace terway::netlink {

SocketPool::Lease SocketPool::borrow() {
    {
        const MutexLock lock(mutex_);
        if (!idle_.empty()) {
            auto socket = std::move(idle_.back());
            idle_.pop_back();
            return {*this, std::move(socket)};
        }
    }
    return {*this, std::make_unique<Socket>(protocol_)};
}

void SocketPool::give_back(std::unique_ptr<Socket> socket) noexcept {
    const MutexLock lock(mutex_);
    try {
        idle_.push_back(std::move(socket));
    } catch (const std::bad_alloc&) {
        // Without memory the socket is closed; the next borrower opens one.
    }
}

}  // namespace terway::netlink
