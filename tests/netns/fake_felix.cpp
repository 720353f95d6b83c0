#include "fake_felix.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <utility>

#include "base/netns.hpp"
#include "terway/error.hpp"

namespace terway::test {

FakeFelix::FakeFelix(int netns_fd, std::string status_dir)
    : netns_fd_(netns_fd), status_dir_(std::move(status_dir)) {}

FakeFelix::~FakeFelix() = default;

void FakeFelix::start() {
    std::filesystem::create_directories(status_dir_);
    const NetnsScope scope(netns_fd_);
    listener_ = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(9099);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 ||
        ::listen(listener_.get(), 16) != 0) {
        throw system_error("listen on port 9099", errno);
    }
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
}

void FakeFelix::tell_of(const std::string& pod) const {
    std::ofstream(status_dir_ + "/k8s default%2F" + pod + " eth0") << "{}";
}

void FakeFelix::serve(const std::stop_token& stop) const {
    constexpr int kLook = 50;  // milliseconds
    while (!stop.stop_requested()) {
        pollfd waiting{listener_.get(), POLLIN, 0};
        if (::poll(&waiting, 1, kLook) <= 0) {
            continue;
        }
        const Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        std::array<char, 1024> question{};
        if (::recv(client.get(), question.data(), question.size(), 0) <= 0) {
            continue;
        }
        const bool asks_for_it =
            std::string_view(question.data()).starts_with("GET /readiness HTTP/1.");
        const std::string_view answer = !asks_for_it ? "HTTP/1.0 404 Not Found\r\n\r\n"
                                        : is_ready_  ? "HTTP/1.0 200 OK\r\n\r\nready\n"
                                                     : "HTTP/1.0 503 Service Unavailable\r\n\r\n";
        (void)::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    }
}

}  // namespace terway::test
