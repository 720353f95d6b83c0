#include "netlink/netns_id.hpp"

#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>

#include <cerrno>
#include <optional>

#include "netlink/parse.hpp"
#include "terway/error.hpp"

namespace terway::netlink {
namespace {

Message request(int type, int netns_fd) {
    Message message(type);
    message.header(rtgenmsg{AF_UNSPEC});
    message.u32(NETNSA_FD, static_cast<std::uint32_t>(netns_fd));
    return message;
}

std::optional<std::uint32_t> find(Socket& socket, int netns_fd) {
    auto message = request(RTM_GETNSID, netns_fd);
    std::optional<std::uint32_t> found;
    socket.get(message, "ask for the id of a network namespace", [&](const nlmsghdr& reply) {
        const auto attributes = parse<NETNSA_MAX + 1>(reply, sizeof(rtgenmsg));
        const auto* id = attributes[NETNSA_NSID];
        if (id != nullptr && nla_get_s32(id) >= 0) {
            found = nla_get_u32(id);
        }
    });
    return found;
}

}  // namespace

std::uint32_t ensure_netns_id(Socket& socket, int netns_fd) {
    if (const auto known = find(socket, netns_fd)) {
        return *known;
    }
    auto message = request(RTM_NEWNSID, netns_fd);
    message.u32(NETNSA_NSID, static_cast<std::uint32_t>(NETNSA_NSID_NOT_ASSIGNED));
    (void)socket.request_tolerating(message, "give a network namespace an id", {EEXIST});
    const auto made = find(socket, netns_fd);
    if (!made) {
        throw Error(Status::Internal, "a network namespace gets no id");
    }
    return *made;
}

}  // namespace terway::netlink
