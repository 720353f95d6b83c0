// Requests to the kernel's netfilter subsystems.
#pragma once

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>

#include <cstdint>

#include "netlink/socket.hpp"

namespace terway::netlink {

// `subsystem` is one of NFNL_SUBSYS_...
[[nodiscard]] constexpr int nfnetlink_type(int subsystem, int verb) {
    return (subsystem << 8) | verb;
}
// `verb` is one of NFT_MSG_...
[[nodiscard]] constexpr int nft_type(int verb) {
    return nfnetlink_type(NFNL_SUBSYS_NFTABLES, verb);
}

// With its header. `family` is NFPROTO_INET, AF_INET, ...; what `resource` is the subsystem says.
[[nodiscard]] inline Message nfnetlink_message(int type, std::uint8_t family, int flags = 0,
                                               std::uint16_t resource = 0) {
    Message message(type, flags);
    nfgenmsg header{};
    header.nfgen_family = family;
    header.version = NFNETLINK_V0;
    header.res_id = htons(resource);
    message.header(header);
    return message;
}

}  // namespace terway::netlink
