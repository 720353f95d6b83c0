#include "probe.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/fd.hpp"
#include "base/netns.hpp"
#include "base/time.hpp"

namespace terway::conformance {
namespace {

constexpr int kBetween = 20;  // ms, between two datagrams

struct Endpoint {
    sockaddr_storage address{};
    socklen_t size = sizeof(sockaddr_storage);
    [[nodiscard]] sockaddr* raw() { return reinterpret_cast<sockaddr*>(&address); }
};

Endpoint endpoint(const IpAddress& address, std::uint16_t port) {
    Endpoint made;
    const auto bytes = address.bytes();
    if (address.is_v4()) {
        auto* v4 = reinterpret_cast<sockaddr_in*>(&made.address);
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        std::memcpy(&v4->sin_addr, bytes.data(), bytes.size());
        made.size = sizeof(sockaddr_in);
    } else {
        auto* v6 = reinterpret_cast<sockaddr_in6*>(&made.address);
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        std::memcpy(&v6->sin6_addr, bytes.data(), bytes.size());
        made.size = sizeof(sockaddr_in6);
    }
    return made;
}

Fd udp_socket(int netns_fd, const IpAddress& like) {
    const NetnsScope scope(netns_fd);
    Fd fd(
        ::socket(like.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) {
        throw system_error("open a UDP socket", errno);
    }
    return fd;
}

bool probe_until(const Probe& probe, std::chrono::milliseconds patience, bool want_answer) {
    const Fd sender = udp_socket(probe.from_netns, probe.to);
    const Fd receiver = udp_socket(probe.to_netns, probe.to);
    // Bound to the address itself, where it exists, so that answers come from it.
    auto bound = endpoint(probe.to, probe.port);
    const int one = 1;
    (void)::setsockopt(receiver.get(), probe.to.is_v4() ? SOL_IP : SOL_IPV6,
                       probe.to.is_v4() ? IP_FREEBIND : IPV6_FREEBIND, &one, sizeof one);
    if (::bind(receiver.get(), bound.raw(), bound.size) != 0) {
        throw system_error("bind a UDP socket to " + probe.to.text(), errno);
    }
    auto target = endpoint(probe.to, probe.port);
    const auto deadline = after(patience);
    std::array<char, 16> datagram{};
    bool arrived = false;
    while (Clock::now() < deadline) {
        // Refused while there is no route; that is an answer too.
        (void)::sendto(sender.get(), "probe", 5, 0, target.raw(), target.size);
        std::array<pollfd, 2> watched{pollfd{receiver.get(), POLLIN, 0},
                                      pollfd{sender.get(), POLLIN, 0}};
        const auto wait =
            std::min<std::chrono::milliseconds>(left(deadline), std::chrono::milliseconds(20));
        (void)::poll(watched.data(), watched.size(), static_cast<int>(wait.count()));
        Endpoint peer;
        while (::recvfrom(receiver.get(), datagram.data(), datagram.size(), 0, peer.raw(),
                          &peer.size) >= 0) {
            arrived = true;
            (void)::sendto(receiver.get(), "reply", 5, 0, peer.raw(), peer.size);
            peer.size = sizeof peer.address;
        }
        if (arrived && !want_answer) {
            return true;
        }
        if (::recv(sender.get(), datagram.data(), datagram.size(), 0) >= 0) {
            return true;
        }
    }
    return false;
}

}  // namespace

Listener::Listener(int netns_fd, const IpAddress& at, std::uint16_t port)
    : socket_(udp_socket(netns_fd, at)) {
    auto bound = endpoint(at, port);
    if (::bind(socket_.get(), bound.raw(), bound.size) != 0) {
        throw system_error("bind a UDP socket to " + at.text(), errno);
    }
}

bool Listener::answer() {
    bool has_come = false;
    std::array<char, 16> datagram{};
    Endpoint peer;
    while (::recvfrom(socket_.get(), datagram.data(), datagram.size(), 0, peer.raw(), &peer.size) >=
           0) {
        has_come = true;
        (void)::sendto(socket_.get(), "reply", 5, 0, peer.raw(), peer.size);
        peer.size = sizeof peer.address;
    }
    return has_come;
}

// Connected, so that an answer from elsewhere is none.
Flow::Flow(int netns_fd, const IpAddress& to, std::uint16_t port)
    : socket_(udp_socket(netns_fd, to)) {
    auto target = endpoint(to, port);
    if (::connect(socket_.get(), target.raw(), target.size) != 0) {
        throw system_error("connect a UDP socket to " + to.text(), errno);
    }
}

bool Flow::is_answered(Listener& by, std::chrono::milliseconds patience) {
    const auto deadline = after(patience);
    std::array<char, 16> datagram{};
    while (::recv(socket_.get(), datagram.data(), datagram.size(), 0) >= 0) {
    }
    bool has_come = false;
    while (Clock::now() < deadline) {
        (void)::send(socket_.get(), "probe", 5, 0);
        std::array<pollfd, 2> watched{pollfd{by.fd(), POLLIN, 0}, pollfd{socket_.get(), POLLIN, 0}};
        (void)::poll(watched.data(), watched.size(), kBetween);
        has_come = by.answer() || has_come;
        if (has_come && ::recv(socket_.get(), datagram.data(), datagram.size(), 0) >= 0) {
            return true;
        }
    }
    return false;
}

bool Flow::is_refused(std::chrono::milliseconds patience) {
    const auto deadline = after(patience);
    while (Clock::now() < deadline) {
        const bool sent = ::send(socket_.get(), "probe", 5, 0) >= 0 || errno == EAGAIN;
        pollfd watched{socket_.get(), POLLIN, 0};
        (void)::poll(&watched, 1, kBetween);
        if (!sent || (watched.revents & POLLERR) != 0) {
            return true;
        }
    }
    return false;
}

bool arrives(const Probe& probe, std::chrono::milliseconds patience) {
    return probe_until(probe, patience, false);
}

bool is_answered(const Probe& probe, std::chrono::milliseconds patience) {
    return probe_until(probe, patience, true);
}

}  // namespace terway::conformance
