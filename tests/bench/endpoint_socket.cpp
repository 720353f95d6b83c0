#include "endpoint_socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "terway/error.hpp"

namespace terway::bench {
namespace {

constexpr int kPatience = 5;  // seconds

struct Name {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

Name name_of(Family family, const IpAddress* address) {
    Name name;
    if (family == Family::V4) {
        auto& v4 = reinterpret_cast<sockaddr_in&>(name.storage);
        v4.sin_family = AF_INET;
        v4.sin_port = htons(kTrafficPort);
        name.size = sizeof v4;
        if (address != nullptr) {
            std::copy_n(address->bytes().begin(), 4, reinterpret_cast<std::uint8_t*>(&v4.sin_addr));
        }
    } else {
        auto& v6 = reinterpret_cast<sockaddr_in6&>(name.storage);
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(kTrafficPort);
        name.size = sizeof v6;
        if (address != nullptr) {
            std::copy_n(address->bytes().begin(), 16, v6.sin6_addr.s6_addr);
        }
    }
    return name;
}

void set(const Fd& socket, int level, int option, int value) {
    if (::setsockopt(socket.get(), level, option, &value, sizeof value) != 0) {
        throw system_error("set a socket's option", errno);
    }
}

void limit_waiting(const Fd& socket) {
    const timeval limit{kPatience, 0};
    for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
        if (::setsockopt(socket.get(), SOL_SOCKET, option, &limit, sizeof limit) != 0) {
            throw system_error("limit a socket's waiting", errno);
        }
    }
}

Fd open_socket(Family family, int type) {
    Fd socket(::socket(family == Family::V4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0));
    if (!socket) {
        throw system_error("open a socket", errno);
    }
    limit_waiting(socket);
    return socket;
}

void bind_any(const Fd& socket, Family family) {
    const auto name = name_of(family, nullptr);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&name.storage), name.size) != 0) {
        throw system_error("bind a socket", errno);
    }
}

bool connect_to(const Fd& socket, const IpAddress& to) {
    const auto name = name_of(to.family(), &to);
    return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&name.storage), name.size) ==
           0;
}

}  // namespace

Fd listen_tcp(Family family) {
    auto socket = open_socket(family, SOCK_STREAM);
    set(socket, SOL_SOCKET, SO_REUSEADDR, 1);
    bind_any(socket, family);
    if (::listen(socket.get(), 64) != 0) {
        throw system_error("listen", errno);
    }
    return socket;
}

Fd bind_udp(Family family) {
    constexpr int kBuffer = 4 << 20;
    auto socket = open_socket(family, SOCK_DGRAM);
    set(socket, SOL_SOCKET, SO_RCVBUFFORCE, kBuffer);
    bind_any(socket, family);
    return socket;
}

Fd connect_udp(const IpAddress& to) {
    auto socket = open_socket(to.family(), SOCK_DGRAM);
    if (!connect_to(socket, to)) {
        throw system_error("no way to " + to.text(), errno);
    }
    return socket;
}

Fd try_connect_tcp(const IpAddress& to) {
    auto socket = open_socket(to.family(), SOCK_STREAM);
    if (!connect_to(socket, to)) {
        return {};
    }
    set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    return socket;
}

Fd connect_tcp(const IpAddress& to) {
    auto socket = try_connect_tcp(to);
    if (!socket) {
        throw system_error("connect to " + to.text(), errno);
    }
    return socket;
}

Fd accept_tcp(const Fd& listener) {
    Fd socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket) {
        throw system_error("nobody connects", errno);
    }
    limit_waiting(socket);
    set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    return socket;
}

void close_hard(Fd socket) {
    const linger at_once{1, 0};
    (void)::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

bool receive_byte(const Fd& socket) {
    char byte = 0;
    const auto got = ::recv(socket.get(), &byte, 1, 0);
    if (got < 0 && errno != ECONNRESET) {
        throw system_error("receive", errno);
    }
    return got == 1;
}

void send_byte(const Fd& socket) {
    const char byte = 'x';
    if (::send(socket.get(), &byte, 1, MSG_NOSIGNAL) != 1) {
        throw system_error("send", errno);
    }
}

}  // namespace terway::bench
