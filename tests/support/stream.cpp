#include "stream.hpp"

#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "base/netns.hpp"
#include "base/time.hpp"
#include "terway/error.hpp"

namespace terway::test {
namespace {

struct Name {
    explicit Name(const IpAddress& address, std::uint16_t port = 0) {
        const auto bytes = address.bytes();
        if (address.is_v4()) {
            v4.sin_family = AF_INET;
            v4.sin_port = htons(port);
            std::copy(bytes.begin(), bytes.end(), reinterpret_cast<std::uint8_t*>(&v4.sin_addr));
            size = sizeof v4;
        } else {
            v6.sin6_family = AF_INET6;
            v6.sin6_port = htons(port);
            std::copy(bytes.begin(), bytes.end(), v6.sin6_addr.s6_addr);
            size = sizeof v6;
        }
    }
    Name() : size(sizeof v6) {}

    [[nodiscard]] sockaddr* raw() { return reinterpret_cast<sockaddr*>(&v6); }
    [[nodiscard]] IpAddress address() const {
        const auto* bytes = v6.sin6_family == AF_INET
                                ? reinterpret_cast<const std::uint8_t*>(&v4.sin_addr)
                                : v6.sin6_addr.s6_addr;
        return v6.sin6_family == AF_INET ? IpAddress(Family::V4, {bytes, 4})
                                         : IpAddress(Family::V6, {bytes, 16});
    }

    union {
        sockaddr_in6 v6{};
        sockaddr_in v4;
    };
    socklen_t size;
};

Fd open_in(int netns_fd, const IpAddress& family_of, int type, int protocol = 0) {
    const NetnsScope scope(netns_fd);
    Fd fd(::socket(family_of.is_v4() ? AF_INET : AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK,
                   protocol));
    if (!fd) {
        throw system_error("open a socket", errno);
    }
    return fd;
}

bool ready(const Fd& fd, short event, Deadline deadline) {
    pollfd item{fd.get(), event, 0};
    return ::poll(&item, 1, static_cast<int>(left(deadline).count())) > 0 &&
           (item.revents & event) != 0;
}

bool passes(const Fd& from, const Fd& to, const std::string& text, Deadline deadline) {
    if (::send(from.get(), text.data(), text.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(text.size())) {
        return false;
    }
    std::string got;
    while (got.size() < text.size() && ready(to, POLLIN, deadline)) {
        std::array<char, 4096> chunk{};
        const auto size = ::recv(to.get(), chunk.data(), chunk.size(), 0);
        if (size <= 0) {
            return false;
        }
        got.append(chunk.data(), static_cast<std::size_t>(size));
    }
    return got == text;
}

std::uint16_t checksum(std::span<const std::uint8_t> bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        sum += i % 2 == 0 ? static_cast<std::uint32_t>(bytes[i]) << 8U : bytes[i];
    }
    while (sum > 0xffff) {
        sum = (sum & 0xffffU) + (sum >> 16U);
    }
    return static_cast<std::uint16_t>(~sum);
}

}  // namespace

Stream::Stream(int from_netns, int to_netns, const IpAddress& to, std::chrono::milliseconds limit,
               std::uint16_t port) {
    const auto deadline = after(limit);
    const Fd listener = open_in(to_netns, to, SOCK_STREAM);
    Name name(to, port);
    if (::bind(listener.get(), name.raw(), name.size) != 0 || ::listen(listener.get(), 1) != 0 ||
        ::getsockname(listener.get(), name.raw(), &name.size) != 0) {
        throw system_error("listen on " + to.text(), errno);
    }
    client_ = open_in(from_netns, to, SOCK_STREAM);
    if (::connect(client_.get(), name.raw(), name.size) != 0 && errno != EINPROGRESS) {
        throw system_error("connect to " + to.text(), errno);
    }
    if (!ready(listener, POLLIN, deadline) || !ready(client_, POLLOUT, deadline)) {
        throw Error(Status::Retry, "no connection to " + to.text());
    }
    server_.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

bool Stream::carries(const std::string& text, std::chrono::milliseconds limit) const {
    const auto deadline = after(limit);
    return passes(client_, server_, text, deadline) && passes(server_, client_, text, deadline);
}

IpAddress Stream::client_address() const {
    Name name;
    if (::getpeername(server_.get(), name.raw(), &name.size) != 0) {
        throw system_error("getpeername", errno);
    }
    return name.address();
}

bool ping(int netns_fd, const IpAddress& to, std::chrono::milliseconds limit) {
    const auto deadline = after(limit);
    const Fd fd =
        open_in(netns_fd, to, SOCK_RAW, to.is_v4() ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6});
    constexpr std::uint8_t kIdentifier = 0x5a;
    std::array<std::uint8_t, 16> request{};
    request[0] = to.is_v4() ? std::uint8_t{ICMP_ECHO} : std::uint8_t{ICMP6_ECHO_REQUEST};
    request[4] = kIdentifier;
    if (to.is_v4()) {  // for IPv6 the kernel does it
        const auto sum = checksum(request);
        request[2] = static_cast<std::uint8_t>(sum >> 8U);
        request[3] = static_cast<std::uint8_t>(sum);
    }
    Name name(to);
    if (::sendto(fd.get(), request.data(), request.size(), 0, name.raw(), name.size) < 0) {
        return false;
    }
    const std::size_t header = to.is_v4() ? 20 : 0;
    const auto reply = to.is_v4() ? std::uint8_t{ICMP_ECHOREPLY} : std::uint8_t{ICMP6_ECHO_REPLY};
    while (ready(fd, POLLIN, deadline)) {
        std::array<std::uint8_t, 256> packet{};
        const auto size = ::recv(fd.get(), packet.data(), packet.size(), 0);
        if (size >= static_cast<ssize_t>(header + 8) && packet.at(header) == reply &&
            packet.at(header + 4) == kIdentifier) {
            return true;
        }
    }
    return false;
}

}  // namespace terway::test
