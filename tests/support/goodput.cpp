#include "goodput.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <numeric>

#include "base/netns.hpp"
#include "terway/error.hpp"

namespace terway::test {
namespace {

constexpr std::size_t kChunk = 256U << 10U;

struct Name {
    explicit Name(const IpAddress& address) {
        const auto bytes = address.bytes();
        if (address.is_v4()) {
            auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
            v4->sin_family = AF_INET;
            std::memcpy(&v4->sin_addr, bytes.data(), bytes.size());
            size = sizeof *v4;
        } else {
            auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
            v6->sin6_family = AF_INET6;
            std::memcpy(&v6->sin6_addr, bytes.data(), bytes.size());
            size = sizeof *v6;
        }
    }
    [[nodiscard]] sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }

    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
};

Fd tcp_socket(int netns_fd, const IpAddress& like) {
    const NetnsScope scope(netns_fd);
    Fd fd(
        ::socket(like.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) {
        throw system_error("open a TCP socket", errno);
    }
    return fd;
}

void await(const Fd& fd, short event, Deadline deadline, const IpAddress& to) {
    pollfd item{fd.get(), event, 0};
    if (::poll(&item, 1, static_cast<int>(left(deadline).count())) <= 0) {
        throw Error(Status::Retry, "no connection to " + to.text());
    }
}

}  // namespace

Torrent::Torrent(int from_netns, int to_netns, const IpAddress& to, unsigned flows)
    : begin_(Clock::now()), got_(flows) {
    const auto deadline = after(patience(std::chrono::seconds(10)));
    const Fd listener = tcp_socket(to_netns, to);
    Name name(to);
    if (::bind(listener.get(), name.raw(), name.size) != 0 || ::listen(listener.get(), 64) != 0 ||
        ::getsockname(listener.get(), name.raw(), &name.size) != 0) {
        throw system_error("listen on " + to.text(), errno);
    }
    for (unsigned i = 0; i < flows; ++i) {
        senders_.push_back(tcp_socket(from_netns, to));
        if (::connect(senders_.back().get(), name.raw(), name.size) != 0 && errno != EINPROGRESS) {
            throw system_error("connect to " + to.text(), errno);
        }
        await(listener, POLLIN, deadline, to);
        receivers_.emplace_back(
            ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        await(senders_.back(), POLLOUT, deadline, to);
    }
    thread_ = std::jthread([this](const std::stop_token& stop) { send_all(stop); });
}

Torrent::~Torrent() {
    thread_.request_stop();
}

void Torrent::send_all(const std::stop_token& stop) {
    const std::vector<char> chunk(kChunk);
    std::vector<pollfd> watched;
    for (const auto& fd : senders_) {
        watched.push_back({fd.get(), POLLOUT, 0});
    }
    while (!stop.stop_requested()) {
        (void)::poll(watched.data(), watched.size(), 20);
        for (const auto& item : watched) {
            if ((item.revents & POLLOUT) != 0) {
                (void)::send(item.fd, chunk.data(), chunk.size(), MSG_NOSIGNAL);
            }
        }
    }
}

Torrent::Window Torrent::read_for(std::chrono::milliseconds time) {
    const auto begin = Clock::now();
    const auto deadline = after(time);
    const auto sum = [this] { return std::accumulate(got_.begin(), got_.end(), std::uint64_t{0}); };
    const auto before = sum();
    std::vector<char> chunk(kChunk);
    std::vector<pollfd> watched;
    for (const auto& fd : receivers_) {
        watched.push_back({fd.get(), POLLIN, 0});
    }
    while (Clock::now() < deadline) {
        (void)::poll(watched.data(), watched.size(), static_cast<int>(left(deadline).count()));
        for (std::size_t i = 0; i < watched.size(); ++i) {
            const auto size = (watched[i].revents & POLLIN) != 0
                                  ? ::recv(watched[i].fd, chunk.data(), chunk.size(), 0)
                                  : 0;
            got_[i] += size > 0 ? static_cast<std::uint64_t>(size) : 0;
        }
    }
    return {sum() - before, std::chrono::duration<double>(Clock::now() - begin).count()};
}

Torrent::Window Torrent::whole() const {
    return {std::accumulate(got_.begin(), got_.end(), std::uint64_t{0}),
            std::chrono::duration<double>(Clock::now() - begin_).count()};
}

std::string breach(Torrent& torrent, double limit, double burst_bits,
                   std::chrono::milliseconds patience_limit) {
    constexpr double kNearly = 0.85;
    constexpr double kTolerance = 1.02;
    const auto deadline = after(patience(patience_limit));
    double best = 0;
    while (Clock::now() < deadline) {
        const auto window = torrent.read_for(std::chrono::milliseconds(500));
        const auto whole = torrent.whole();
        const double most = limit * whole.seconds * kTolerance + burst_bits;
        if (8.0 * double(whole.bytes) > most) {
            return std::to_string(whole.bits_per_second()) + " bit/s got through";
        }
        best = std::max(best, window.bits_per_second());
        if (best > kNearly * limit) {
            return {};
        }
    }
    return "no more than " + std::to_string(best) + " bit/s got through";
}

bool exceeds(Torrent& torrent, double limit, std::chrono::milliseconds patience_limit) {
    constexpr double kClearly = 1.5;
    const auto deadline = after(patience(patience_limit));
    while (Clock::now() < deadline) {
        const auto window = torrent.read_for(std::chrono::milliseconds(500));
        if (window.bits_per_second() > kClearly * limit) {
            return true;
        }
    }
    return false;
}

}  // namespace terway::test
