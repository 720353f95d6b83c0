#include "netlink/wait.hpp"

#include <poll.h>

#include <functional>
#include <string>

#include "netlink/link.hpp"
#include "netlink/route.hpp"
#include "terway/error.hpp"

namespace terway::netlink {
namespace {

void await(Deadline deadline, const std::string& what, const std::function<bool()>& done) {
    while (!done()) {
        if (Clock::now() >= deadline) {
            throw Error(Status::Retry, what);
        }
        (void)::poll(nullptr, 0, 1);
    }
}

void await_link(Socket& socket, std::uint32_t ifindex, Deadline deadline, bool Link::*good) {
    await(deadline, "link " + std::to_string(ifindex) + " has no carrier", [&] {
        const auto link = find_link(socket, ifindex);
        if (!link) {
            throw Error(Status::Gone, "link " + std::to_string(ifindex) + " vanished");
        }
        return (*link).*good;
    });
}

}  // namespace

// The carrier is noticed up to a second late; since Linux 6.8 at once when somebody asks.
void await_running(Socket& socket, std::uint32_t ifindex, Deadline deadline) {
    await_link(socket, ifindex, deadline, &Link::running);
}

void await_carrier(Socket& socket, std::uint32_t ifindex, Deadline deadline) {
    await_link(socket, ifindex, deadline, &Link::carrier);
}

// An IPv6 address receives once it has a route in the local table.
void await_local(Socket& socket, const std::vector<Prefix>& addresses, Deadline deadline) {
    for (const auto& address : addresses) {
        await(deadline, "address " + address.address().text() + " does not become local", [&] {
            return address.is_v4() || find_route(socket, address, RT_TABLE_LOCAL).has_value();
        });
    }
}

}  // namespace terway::netlink
