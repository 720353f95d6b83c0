#include "sim/await.hpp"

#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>

#include "netlink/link.hpp"
#include "netlink/socket.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

netlink::Socket link_events(int netns_fd) {
    auto socket = netlink::Socket::in(netns_fd);
    const int group = RTNLGRP_LINK;
    if (::setsockopt(socket.fd(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
        throw system_error("listen for link events", errno);
    }
    return socket;
}

void await_event(int fd, Deadline deadline) {
    pollfd waiting{fd, POLLIN, 0};
    std::array<char, 16384> event{};
    if (::poll(&waiting, 1, static_cast<int>(left(deadline).count())) == 1) {
        (void)!::recv(fd, event.data(), event.size(), MSG_DONTWAIT);
    }
}

}  // namespace

void await_running(int netns_fd, const std::string& name, Deadline deadline) {
    const auto events = link_events(netns_fd);
    auto socket = netlink::Socket::in(netns_fd);
    while (true) {
        const auto link = netlink::find_link(socket, name);
        if (!link) {
            throw Error(Status::Gone, "link " + name + ": vanished");
        }
        if (link->running) {
            return;
        }
        if (Clock::now() >= deadline) {
            throw Error(Status::Retry, "link " + name + ": is not operational in time");
        }
        await_event(events.fd(), deadline);
    }
}

}  // namespace terway::sim
