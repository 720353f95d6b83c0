#include "sim/demo/probe.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "base/file.hpp"
#include "base/netns.hpp"
#include "terway/error.hpp"

namespace terway::sim::demo {
namespace {

Fd socket_in(int netns_fd, int family, int type, int protocol = 0) {
    const NetnsScope scope(netns_fd);
    Fd fd(::socket(family, type | SOCK_CLOEXEC, protocol));
    if (!fd) {
        throw system_error("open a socket", errno);
    }
    return fd;
}

sockaddr_in6 to_socket_address(const IpAddress& address, std::uint16_t port) {
    sockaddr_in6 out{};
    out.sin6_family = AF_INET6;
    out.sin6_port = htons(port);
    auto* bytes = out.sin6_addr.s6_addr;
    const auto source = address.bytes();
    if (address.is_v4()) {  // ::ffff:a.b.c.d
        bytes[10] = bytes[11] = 0xff;
        std::copy(source.begin(), source.end(), bytes + 12);
    } else {
        std::copy(source.begin(), source.end(), bytes);
    }
    return out;
}

std::string text(const sockaddr_in6& address) {
    const auto* bytes = address.sin6_addr.s6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&address.sin6_addr)) {
        return IpAddress(Family::V4, {bytes + 12, 4}).text();
    }
    return IpAddress(Family::V6, {bytes, 16}).text();
}

bool readable(int fd, Deadline deadline) {
    pollfd wait{fd, POLLIN, 0};
    return ::poll(&wait, 1, static_cast<int>(left(deadline).count())) > 0;
}

// One line, without its end; empty at the end of the stream or past the deadline.
std::string read_line(int fd, Deadline deadline) {
    std::string line;
    char c = 0;
    while (readable(fd, deadline) && ::read(fd, &c, 1) == 1) {
        if (c == '\n') {
            return line;
        }
        line += c;
    }
    return {};
}

void serve_clients(int listener, int wake) {
    std::vector<std::pair<Fd, std::string>> clients;
    while (true) {
        std::vector<pollfd> wait{{wake, POLLIN, 0}, {listener, POLLIN, 0}};
        for (const auto& [client, name] : clients) {
            wait.push_back({client.get(), POLLIN, 0});
        }
        (void)::poll(wait.data(), wait.size(), -1);
        if (wait[0].revents != 0) {
            return;
        }
        for (std::size_t i = wait.size(); i-- > 2;) {
            if (wait[i].revents == 0) {
                continue;
            }
            auto& [client, name] = clients[i - 2];
            const auto line = read_line(client.get(), after(std::chrono::seconds(1)));
            auto answer = name;
            answer.append(" ").append(line).append("\n");
            if (line.empty() ||
                ::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL) < 0) {
                clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(i - 2));
            }
        }
        if (wait[1].revents != 0) {
            sockaddr_in6 peer{};
            socklen_t size = sizeof peer;
            Fd client(::accept4(listener, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC));
            if (client) {
                clients.emplace_back(std::move(client), text(peer));
            }
        }
    }
}

}  // namespace

Fd listen_in(int netns_fd, std::uint16_t port) {
    Fd listener = socket_in(netns_fd, AF_INET6, SOCK_STREAM);
    const int one = 1;
    (void)::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    any.sin6_port = htons(port);
    if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0 ||
        ::listen(listener.get(), 16) != 0) {
        throw system_error("listen on port " + std::to_string(port), errno);
    }
    return listener;
}

Fd connect_in(int netns_fd, const IpAddress& server, std::uint16_t port, Deadline deadline) {
    Fd stream = socket_in(netns_fd, AF_INET6, SOCK_STREAM | SOCK_NONBLOCK);
    const auto address = to_socket_address(server, port);
    int error = 0;
    if (::connect(stream.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        error = errno;
    }
    if (error == EINPROGRESS) {
        pollfd wait{stream.get(), POLLOUT, 0};
        error = ::poll(&wait, 1, static_cast<int>(left(deadline).count())) > 0 ? 0 : ETIMEDOUT;
    }
    socklen_t size = sizeof error;
    if (error == 0) {
        (void)::getsockopt(stream.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error != 0) {
        throw system_error("connect to " + server.text() + " port " + std::to_string(port), error);
    }
    (void)::fcntl(stream.get(), F_SETFL, ::fcntl(stream.get(), F_GETFL) & ~O_NONBLOCK);
    return stream;
}

EchoServer::EchoServer(int netns_fd, std::uint16_t port)
    : listener_(listen_in(netns_fd, port)), wake_(::eventfd(0, EFD_CLOEXEC)) {
    thread_ = std::thread([this] { serve_clients(listener_.get(), wake_.get()); });
}

EchoServer::~EchoServer() {
    (void)::eventfd_write(wake_.get(), 1);
    thread_.join();
}

Conversation::Conversation(int netns_fd, const IpAddress& server, std::uint16_t port,
                           Deadline deadline)
    : stream_(connect_in(netns_fd, server, port, deadline)) {}

std::string Conversation::say(const std::string& line, Deadline deadline) {
    const auto sent = line + "\n";
    if (::send(stream_.get(), sent.data(), sent.size(), MSG_NOSIGNAL) < 0) {
        throw system_error("say something", errno);
    }
    const auto answer = read_line(stream_.get(), deadline);
    const auto space = answer.find(' ');
    if (space == std::string::npos || answer.substr(space + 1) != line) {
        throw Error(Status::Retry, "no answer came");
    }
    return answer.substr(0, space);
}

Fd udp_receiver(int netns_fd, std::uint16_t port) {
    Fd fd = socket_in(netns_fd, AF_INET, SOCK_DGRAM);
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_port = htons(port);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) {
        throw system_error("bind UDP port " + std::to_string(port), errno);
    }
    return fd;
}

void send_udp_from(int netns_fd, const IpAddress& source, const IpAddress& destination,
                   std::uint16_t port, const std::string& payload) {
    const Fd fd = socket_in(netns_fd, AF_INET, SOCK_RAW, IPPROTO_RAW);
    iphdr ip{};
    ip.version = 4;
    ip.ihl = 5;
    ip.ttl = 64;
    ip.protocol = IPPROTO_UDP;
    std::memcpy(&ip.saddr, source.bytes().data(), 4);
    std::memcpy(&ip.daddr, destination.bytes().data(), 4);
    udphdr udp{};
    udp.source = htons(4711);
    udp.dest = htons(port);
    udp.len = htons(static_cast<std::uint16_t>(sizeof udp + payload.size()));  // no checksum
    std::string packet(reinterpret_cast<const char*>(&ip), sizeof ip);
    packet.append(reinterpret_cast<const char*>(&udp), sizeof udp).append(payload);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = ip.daddr;
    if (::sendto(fd.get(), packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&to),
                 sizeof to) < 0) {
        throw system_error("send a packet to " + destination.text(), errno);
    }
}

bool arrives(int receiver, const std::string& payload, Deadline deadline) {
    std::array<char, 2048> buffer{};
    while (readable(receiver, deadline)) {
        const auto got = ::recv(receiver, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got >= 0 && std::string(buffer.data(), static_cast<std::size_t>(got)) == payload) {
            return true;
        }
    }
    return false;
}

}  // namespace terway::sim::demo
