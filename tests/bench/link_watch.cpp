#include "link_watch.hpp"

#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/netns.hpp"
#include "terway/error.hpp"

namespace terway::bench {
namespace {

constexpr int kBuffer = 8 << 20;
constexpr std::chrono::seconds kPatience{30};

Fd open_socket(int netns) {
    const NetnsScope scope(netns);
    Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    sockaddr_nl local{};
    local.nl_family = AF_NETLINK;
    local.nl_groups = RTMGRP_LINK;
    if (!fd || ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) {
        throw system_error("listen to link notifications", errno);
    }
    (void)::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kBuffer, sizeof kBuffer);
    return fd;
}

}  // namespace

LinkWatch::LinkWatch(int netns, std::set<std::uint32_t> indices)
    : socket_(open_socket(netns)),
      alive_(std::move(indices)),
      gone_(Clock::now()),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

LinkWatch::~LinkWatch() = default;

void LinkWatch::run(const std::stop_token& stop) {
    const auto deadline = after(kPatience);
    while (!alive_.empty() && !stop.stop_requested() && Clock::now() < deadline) {
        pollfd wait{socket_.get(), POLLIN, 0};
        if (::poll(&wait, 1, 20) <= 0) {
            continue;
        }
        alignas(nlmsghdr) std::array<char, 32768> buffer;
        auto left = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        auto* message = reinterpret_cast<nlmsghdr*>(buffer.data());
        for (; left > 0 && NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
            if (message->nlmsg_type == RTM_DELLINK) {
                const auto* info = reinterpret_cast<const ifinfomsg*>(message + 1);
                alive_.erase(static_cast<std::uint32_t>(info->ifi_index));
            }
        }
        if (alive_.empty()) {
            gone_ = Clock::now();
        }
    }
}

Clock::time_point LinkWatch::await() {
    thread_.join();
    if (!alive_.empty()) {
        throw Error(Status::Internal,
                    std::to_string(alive_.size()) + " links were not deleted in half a minute");
    }
    return gone_;
}

}  // namespace terway::bench
