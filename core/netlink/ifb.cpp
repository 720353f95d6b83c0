#include "netlink/ifb.hpp"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

namespace terway::netlink {

void create_ifb(Socket& socket, const std::string& name, std::uint32_t group) {
    Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
    message.header(ifinfomsg{});
    message.text(IFLA_IFNAME, name);
    message.u32(IFLA_GROUP, group);
    message.nest(IFLA_LINKINFO, [&] { message.text(IFLA_INFO_KIND, "ifb"); });
    socket.request(message, "create link " + name);
}

}  // namespace terway::netlink
