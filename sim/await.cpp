#include "sim/await.hpp"

#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>

#include "netlink/link.hpp"
#include "netlink/route.hpp"
#include "netlink/socket.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

netlink::Socket events_of(int netns_fd, int group) {
    auto socket = netlink::Socket::in(netns_fd);
    if (::setsockopt(socket.fd(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
        throw system_error("listen for netlink events", errno);
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

// Asks again after every event of the group.
template <class Ready>
void await(int netns_fd, int group, const std::string& what, Deadline deadline, Ready ready) {
    const auto events = events_of(netns_fd, group);
    auto socket = netlink::Socket::in(netns_fd);
    while (!ready(socket)) {
        if (Clock::now() >= deadline) {
            throw Error(Status::Retry, what + " in time");
        }
        await_event(events.fd(), deadline);
    }
}

}  // namespace

void await_running(int netns_fd, const std::string& name, Deadline deadline) {
    const std::string what = "link " + name + ": is not operational";
    await(netns_fd, RTNLGRP_LINK, what, deadline, [&](netlink::Socket& socket) {
        const auto link = netlink::find_link(socket, name);
        if (!link) {
            throw Error(Status::Gone, "link " + name + ": vanished");
        }
        return link->running;
    });
}

void await_local(int netns_fd, const IpAddress& address, Deadline deadline) {
    const std::string what = "address " + address.text() + ": is not usable";
    const int group = address.is_v4() ? RTNLGRP_IPV4_ROUTE : RTNLGRP_IPV6_ROUTE;
    await(netns_fd, group, what, deadline, [&](netlink::Socket& socket) {
        return netlink::find_route(socket, Prefix::host(address), RT_TABLE_LOCAL).has_value();
    });
}

}  // namespace terway::sim
