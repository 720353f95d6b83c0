// What every dataplane asks about the node's NICs.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/address.hpp"
#include "netlink/link.hpp"
#include "netlink/socket.hpp"

namespace terway::netlink {

// The link that carries the node's default route, IPv4's before IPv6's.
[[nodiscard]] std::optional<Link> find_uplink(Socket& socket);

// The NIC, if the index is still its: it passes to another link once the NIC is unplugged.
[[nodiscard]] std::optional<Link> find_nic_at(Socket& socket, std::uint32_t index, const Mac& mac);

// Removes what a DHCP client or a router put on a NIC: addresses inside `subnets` that are none of
// `own`.
void remove_foreign_addresses(Socket& socket, std::uint32_t index,
                              const std::vector<Prefix>& subnets, const std::vector<Prefix>& own);

// True for an address that remove_foreign_addresses removes. Pure.
[[nodiscard]] bool is_foreign(const Prefix& address, const std::vector<Prefix>& subnets,
                              const std::vector<Prefix>& own);

}  // namespace terway::netlink
