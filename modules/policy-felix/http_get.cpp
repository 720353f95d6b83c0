#include "http_get.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/fd.hpp"
#include "base/time.hpp"
#include "terway/error.hpp"

namespace terway::felix {
namespace {

constexpr std::size_t kEnough = 64;  // for a status line

[[noreturn]] void give_up(int why) {
    throw Error(Status::Retry, std::strerror(why), why);  // NOLINT(concurrency-mt-unsafe)
}

void await(const Fd& socket, short event, Deadline deadline) {
    pollfd wanted{socket.get(), event, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (::poll(&wanted, 1, static_cast<int>(std::max<decltype(left)>(left, 0))) <= 0) {
        give_up(ETIMEDOUT);
    }
}

Fd connected(const HealthUrl& url, Deadline deadline) {
    sockaddr_storage to{};
    socklen_t size = 0;
    const auto bytes = url.address.bytes();
    if (url.address.is_v4()) {
        auto& v4 = reinterpret_cast<sockaddr_in&>(to);
        v4.sin_family = AF_INET;
        v4.sin_port = htons(url.port);
        std::memcpy(&v4.sin_addr, bytes.data(), bytes.size());
        size = sizeof v4;
    } else {
        auto& v6 = reinterpret_cast<sockaddr_in6&>(to);
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(url.port);
        std::memcpy(&v6.sin6_addr, bytes.data(), bytes.size());
        size = sizeof v6;
    }
    Fd socket(::socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) {
        give_up(errno);
    }
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), size) != 0) {
        if (errno != EINPROGRESS) {
            give_up(errno);
        }
        await(socket, POLLOUT, deadline);
        int failed = 0;
        socklen_t length = sizeof failed;
        ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &failed, &length);
        if (failed != 0) {
            give_up(failed);
        }
    }
    return socket;
}

}  // namespace

std::string http_get(const HealthUrl& url, std::chrono::milliseconds limit) {
    const auto deadline = after(limit);
    const auto socket = connected(url, deadline);
    const auto request = url.request();  // a new connection takes so little at once
    if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
        give_up(errno);
    }
    std::string answer;
    std::array<char, 512> part{};
    while (answer.size() < kEnough) {
        await(socket, POLLIN, deadline);
        const auto got = ::recv(socket.get(), part.data(), part.size(), 0);
        if (got < 0 && errno != EAGAIN && errno != EINTR) {
            give_up(errno);
        }
        if (got == 0) {
            break;
        }
        answer.append(part.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    }
    return answer;
}

}  // namespace terway::felix
