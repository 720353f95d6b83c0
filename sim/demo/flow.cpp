#include "sim/demo/flow.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "base/file.hpp"
#include "sim/demo/probe.hpp"
#include "terway/error.hpp"

namespace terway::sim::demo {
namespace {

constexpr std::size_t kPiece = 65'536;

}  // namespace

Flow::Flow(int from_netns, int to_netns, const IpAddress& to, std::uint16_t port,
           Deadline deadline) {
    const auto listener = listen_in(to_netns, port);
    sender_ = connect_in(from_netns, to, port, deadline);
    pollfd wait{listener.get(), POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(left(deadline).count())) <= 0) {
        throw Error(Status::Gone, "nobody connects to port " + std::to_string(port));
    }
    receiver_.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    receiving_ = std::thread([this] {
        std::array<char, kPiece> piece{};
        for (ssize_t got = 0; (got = ::read(receiver_.get(), piece.data(), piece.size())) > 0;) {
            bytes_ += static_cast<std::uint64_t>(got);
        }
    });
    sending_ = std::thread([this] {
        const std::array<char, kPiece> piece{};
        while (::send(sender_.get(), piece.data(), piece.size(), MSG_NOSIGNAL) > 0) {
        }
    });
}

Flow::~Flow() {
    (void)::shutdown(sender_.get(), SHUT_RDWR);
    (void)::shutdown(receiver_.get(), SHUT_RDWR);
    sending_.join();
    receiving_.join();
}

double Flow::rate(std::chrono::milliseconds span) const {
    const auto begin = Clock::now();
    const auto before = bytes();
    std::this_thread::sleep_for(span);
    const std::chrono::duration<double> took = Clock::now() - begin;
    return static_cast<double>(bytes() - before) * 8 / took.count();
}

}  // namespace terway::sim::demo
