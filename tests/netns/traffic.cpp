#include "traffic.hpp"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <thread>

#include "base/netns.hpp"
#include "base/time.hpp"
#include "terway/error.hpp"

namespace terway::test {
namespace {

struct Endpoint {
    sockaddr_storage storage{};
    socklen_t size = 0;

    [[nodiscard]] const sockaddr* raw() const {
        return reinterpret_cast<const sockaddr*>(&storage);
    }
};

Endpoint endpoint(const IpAddress& address, std::uint16_t port) {
    Endpoint made;
    const auto bytes = address.bytes();
    if (address.is_v4()) {
        auto* v4 = reinterpret_cast<sockaddr_in*>(&made.storage);
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        std::copy(bytes.begin(), bytes.end(), reinterpret_cast<std::uint8_t*>(&v4->sin_addr));
        made.size = sizeof *v4;
    } else {
        auto* v6 = reinterpret_cast<sockaddr_in6*>(&made.storage);
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        std::copy(bytes.begin(), bytes.end(), v6->sin6_addr.s6_addr);
        made.size = sizeof *v6;
    }
    return made;
}

std::uint16_t port_of(const sockaddr_storage& raw) {
    return ntohs(raw.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in&>(raw).sin_port
                                          : reinterpret_cast<const sockaddr_in6&>(raw).sin6_port);
}

IpAddress address_of(const sockaddr_storage& storage) {
    if (storage.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
        return {Family::V4, {reinterpret_cast<const std::uint8_t*>(&v4.sin_addr), 4}};
    }
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    return {Family::V6, {v6.sin6_addr.s6_addr, 16}};
}

void enable(const Fd& fd, int level, int option) {
    const int on = 1;
    if (::setsockopt(fd.get(), level, option, &on, sizeof on) != 0) {
        throw system_error("set a socket option", errno);
    }
}

bool readable(int fd, Deadline deadline) {
    pollfd waiting{fd, POLLIN, 0};
    return ::poll(&waiting, 1, static_cast<int>(left(deadline).count())) == 1;
}

}  // namespace

bool eventually(const std::function<bool()>& ready, std::chrono::milliseconds limit) {
    const Deadline deadline = after(patience(limit));
    while (!ready()) {
        if (Clock::now() > deadline) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

Udp::Udp(int netns_fd, const IpAddress& address, std::uint16_t port, bool foreign) {
    const NetnsScope scope(netns_fd);
    const bool v4 = address.is_v4();
    fd_ = Fd(::socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    enable(fd_, v4 ? SOL_IP : SOL_IPV6, v4 ? IP_RECVTTL : IPV6_RECVHOPLIMIT);
    enable(fd_, v4 ? SOL_IP : SOL_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR);
    if (foreign) {
        enable(fd_, v4 ? SOL_IP : SOL_IPV6, v4 ? IP_TRANSPARENT : IPV6_TRANSPARENT);
    }
    const auto where = endpoint(address, port);
    if (::bind(fd_.get(), where.raw(), where.size) != 0) {
        throw system_error("bind " + address.text(), errno);
    }
}

void Udp::send(const IpAddress& to, std::uint16_t port, const std::string& text) const {
    const auto where = endpoint(to, port);
    if (::sendto(fd_.get(), text.data(), text.size(), 0, where.raw(), where.size) < 0) {
        throw system_error("send to " + to.text(), errno);
    }
}

std::optional<Datagram> Udp::receive(std::chrono::milliseconds limit) const {
    if (!readable(fd_.get(), after(limit))) {
        return std::nullopt;
    }
    std::vector<char> text(65'536);
    std::array<char, 256> control{};
    sockaddr_storage from{};
    iovec part{text.data(), text.size()};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const auto got = ::recvmsg(fd_.get(), &message, 0);
    if (got < 0) {
        return std::nullopt;
    }
    Datagram datagram{
        address_of(from), {text.data(), static_cast<std::size_t>(got)}, 0, port_of(from)};
    for (auto* entry = CMSG_FIRSTHDR(&message); entry != nullptr;
         entry = CMSG_NXTHDR(&message, entry)) {
        if (entry->cmsg_type == IP_TTL || entry->cmsg_type == IPV6_HOPLIMIT) {
            std::copy_n(CMSG_DATA(entry), sizeof datagram.ttl,
                        reinterpret_cast<unsigned char*>(&datagram.ttl));
        }
    }
    return datagram;
}

int Udp::error() const {
    int pending = 0;
    socklen_t size = sizeof pending;
    ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &pending, &size);
    return pending;
}

Tap::Tap(int netns_fd, const std::string& link) {
    const NetnsScope scope(netns_fd);
    fd_ = Fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    link_ = static_cast<int>(::if_nametoindex(link.c_str()));
    sockaddr_ll where{};
    where.sll_family = AF_PACKET;
    where.sll_protocol = htons(ETH_P_ALL);
    where.sll_ifindex = link_;
    if (link_ == 0 ||
        ::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
        throw system_error("tap " + link, errno);
    }
}

void Tap::send(const std::vector<std::uint8_t>& frame) const {
    if (::send(fd_.get(), frame.data(), frame.size(), 0) < 0) {
        throw system_error("send a frame", errno);
    }
}

std::optional<std::vector<std::uint8_t>> Tap::receive(
    const std::function<bool(const std::vector<std::uint8_t>&)>& wanted,
    std::chrono::milliseconds limit) const {
    const Deadline deadline = after(limit);
    while (readable(fd_.get(), deadline)) {
        std::vector<std::uint8_t> frame(2048);
        sockaddr_ll from{};
        socklen_t size = sizeof from;
        const auto got = ::recvfrom(fd_.get(), frame.data(), frame.size(), 0,
                                    reinterpret_cast<sockaddr*>(&from), &size);
        frame.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        if (from.sll_pkttype != PACKET_OUTGOING && wanted(frame)) {
            return frame;
        }
    }
    return std::nullopt;
}

}  // namespace terway::test
