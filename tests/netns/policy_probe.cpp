#include "policy_probe.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

#include "base/fd.hpp"
#include "base/time.hpp"
#include "terway/error.hpp"

namespace terway::test {
namespace {

struct Endpoint {
    sockaddr_storage raw{};
    socklen_t size = 0;

    Endpoint(const IpAddress& address, std::uint16_t port) {
        if (address.is_v4()) {
            auto& v4 = reinterpret_cast<sockaddr_in&>(raw);
            v4.sin_family = AF_INET;
            v4.sin_port = htons(port);
            std::memcpy(&v4.sin_addr, address.bytes().data(), sizeof v4.sin_addr);
            size = sizeof v4;
        } else {
            auto& v6 = reinterpret_cast<sockaddr_in6&>(raw);
            v6.sin6_family = AF_INET6;
            v6.sin6_port = htons(port);
            std::memcpy(&v6.sin6_addr, address.bytes().data(), sizeof v6.sin6_addr);
            size = sizeof v6;
        }
    }
    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&raw); }
};

std::uint32_t crc32c(const std::vector<std::uint8_t>& bytes) {
    constexpr std::uint32_t kPolynomial = 0x82f63b78;
    std::uint32_t crc = 0xffffffff;
    for (const auto byte : bytes) {
        crc ^= byte;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? kPolynomial : 0);
        }
    }
    return ~crc;
}

// This kernel may have no SCTP of its own: the first packet of a connection, by hand.
std::vector<std::uint8_t> sctp_init(std::uint16_t from, std::uint16_t to) {
    std::vector<std::uint8_t> packet(32);
    const auto put16 = [&](std::size_t at, std::uint16_t value) {
        packet[at] = static_cast<std::uint8_t>(value >> 8U);
        packet[at + 1] = static_cast<std::uint8_t>(value);
    };
    put16(0, from);
    put16(2, to);
    packet[12] = 1;  // INIT
    put16(14, 20);
    packet[19] = 1;  // a tag
    put16(20, 1);    // a window
    put16(24, 1);    // streams
    put16(26, 1);
    const auto crc = crc32c(packet);
    std::memcpy(packet.data() + 8, &crc, sizeof crc);
    return packet;
}

Fd begin(const Attempt& attempt, std::uint16_t number) {
    const NetnsScope scope(attempt.from->fd());
    const int family = attempt.to.is_v4() ? AF_INET : AF_INET6;
    const bool is_tcp = attempt.protocol == policy::Protocol::Tcp;
    const bool is_sctp = attempt.protocol == policy::Protocol::Sctp;
    Fd fd(::socket(family,
                   (is_tcp    ? SOCK_STREAM
                    : is_sctp ? SOCK_RAW
                              : SOCK_DGRAM) |
                       SOCK_CLOEXEC | SOCK_NONBLOCK,
                   is_sctp ? IPPROTO_SCTP : 0));
    if (!fd) {
        throw system_error("open a socket to probe with", errno);
    }
    if (attempt.source) {
        const Endpoint own(*attempt.source, 0);
        if (::bind(fd.get(), own.get(), own.size) != 0) {
            throw system_error("bind to " + attempt.source->text(), errno);
        }
    }
    const Endpoint to(attempt.to, is_sctp ? 0 : attempt.port);
    if (::connect(fd.get(), to.get(), to.size) != 0 && errno != EINPROGRESS &&
        errno != ECONNREFUSED) {
        throw system_error("connect to " + attempt.to.text(), errno);
    }
    if (is_sctp) {
        const auto packet = sctp_init(number, attempt.port);
        (void)::send(fd.get(), packet.data(), packet.size(), 0);
    } else if (!is_tcp) {
        (void)::send(fd.get(), "?", 1, 0);
    }
    return fd;
}

// Whether an error says that the other end was reached.
bool says_reached(int error) {
    constexpr std::array kSaid{0, ECONNREFUSED, ENOPROTOOPT, EPROTO};
    return std::find(kSaid.begin(), kSaid.end(), error) != kSaid.end();
}

// Of a raw socket with a connection from port `number`. Where it gets the packet the kernel says no
// word: of a connection to oneself the first packet itself is what was to arrive. Packets of other
// connections between the two addresses come here, too.
std::optional<bool> sctp_outcome(int fd, const Attempt& attempt, std::uint16_t number) {
    std::array<std::uint8_t, 256> packet{};
    while (::recv(fd, packet.data(), packet.size(), 0) >= 0) {
        const std::size_t header = attempt.to.is_v4() ? (packet[0] & 0x0fU) * 4U : 0;
        const auto port = [&](std::size_t at) {
            return (unsigned{packet[header + at]} << 8U) | packet[header + at + 1];
        };
        if ((port(0) == number && port(2) == attempt.port) ||
            (port(0) == attempt.port && port(2) == number)) {
            return true;
        }
    }
    return errno == EAGAIN ? std::nullopt : std::optional(says_reached(errno));
}

// What a socket has to say by now: nothing, that the other end was reached, or that it was not.
std::optional<bool> outcome(int fd, const Attempt& attempt, std::uint16_t number) {
    if (attempt.protocol == policy::Protocol::Sctp) {
        return sctp_outcome(fd, attempt, number);
    }
    pollfd asked{fd, static_cast<short>(attempt.protocol == policy::Protocol::Tcp ? POLLOUT : 0),
                 0};
    if (::poll(&asked, 1, 0) <= 0) {
        return std::nullopt;
    }
    int error = 0;
    socklen_t size = sizeof error;
    (void)::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return says_reached(error);
}

}  // namespace

std::vector<bool> probe(const std::vector<Attempt>& attempts, std::chrono::milliseconds limit,
                        std::chrono::milliseconds silence) {
    static std::uint16_t number = 20'000;
    std::vector<Fd> sockets;
    std::vector<std::uint16_t> numbers;
    for (const auto& attempt : attempts) {
        number = number == 60'000 ? 20'000 : number + 1;
        numbers.push_back(number);
        sockets.push_back(begin(attempt, number));
    }
    std::vector<bool> reached(attempts.size());
    auto waiting = std::count_if(attempts.begin(), attempts.end(),
                                 [](const auto& each) { return each.is_expected; });
    auto end = after(limit);
    bool is_last = false;
    while (!is_last) {
        if (waiting <= 0) {
            end = std::min(end, after(silence));
            waiting = std::numeric_limits<std::ptrdiff_t>::max();  // once
        }
        is_last = Clock::now() >= end;
        (void)::poll(nullptr, 0, 2);
        for (std::size_t i = 0; i < attempts.size(); ++i) {
            if (!sockets[i]) {
                continue;
            }
            if (const auto found = outcome(sockets[i].get(), attempts[i], numbers[i])) {
                reached[i] = *found;
                waiting -= attempts[i].is_expected ? 1 : 0;
                sockets[i].reset();
            }
        }
    }
    return reached;
}

}  // namespace terway::test
