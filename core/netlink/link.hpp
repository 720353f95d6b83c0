// Links: born in their final namespace, found, changed, removed. One request each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "netlink/socket.hpp"

namespace terway::netlink {

struct Link {
    std::uint32_t index = 0;
    std::string name;
    std::string kind;   // "veth", "ipvlan", ...; empty for a plain device
    std::string alias;  // ifalias
    Mac mac;
    std::uint32_t mtu = 0;
    std::uint32_t group = 0;
    bool up = false;               // administratively
    bool running = false;          // operational state "up"
    bool carrier = false;          // all that ipvlan tells: it leaves the operational state unknown
    bool trusts_sources = false;   // as LinkChange has it, of accept_local alone
    bool arp = true;               // neighbours are resolved (no IFF_NOARP)
    std::uint32_t peer_index = 0;  // veth: of the other end, in its namespace; ipvlan: the parent
    std::uint32_t master = 0;
    std::uint32_t tx_queues = 1;  // that it may use at most
};

[[nodiscard]] std::optional<Link> find_link(Socket& socket, const std::string& name);
[[nodiscard]] std::optional<Link> find_link(Socket& socket, std::uint32_t index);
[[nodiscard]] std::vector<Link> links(Socket& socket);
// The NIC with a MAC: a plain device, or in a simulated node one end of a veth. Links that borrow
// the MAC of theirs (ipvlan, vlan, macvlan, bridges) do not count.
[[nodiscard]] std::optional<Link> find_nic(Socket& socket, const Mac& mac);

struct VethEnd {
    std::string name;
    std::optional<Mac> mac;  // chosen by the kernel if empty
    std::uint32_t mtu = 0;   // kernel default if 0
    std::uint32_t group = 0;
    int netns_fd = -1;  // the socket's namespace if -1
};

// Both ends down. Throws Error with errno EEXIST if either name is taken.
void create_veth(Socket& socket, const VethEnd& end, const VethEnd& peer);

// A slave of another link, mode L2: it shares the MAC of its parent.
struct IpvlanSlave {
    std::string name;
    std::uint32_t parent = 0;  // index in the socket's namespace
    std::uint32_t mtu = 0;     // the parent's if 0
    int netns_fd = -1;         // the socket's namespace if -1
};

// Down. Throws Error with errno EEXIST if the name is taken in the slave's namespace.
void create_ipvlan(Socket& socket, const IpvlanSlave& slave);

// What to change of a link; empty members stay. One request.
struct LinkChange {
    std::optional<bool> up;
    std::optional<bool> arp;
    std::optional<std::uint32_t> mtu;
    std::optional<std::uint32_t> group;
    std::optional<std::uint32_t> master;
    std::optional<std::string> name;
    std::optional<std::string> alias;
    std::optional<Mac> mac;
    std::optional<int> netns_fd;      // moves the link: for real NICs only
    bool no_ipv6_link_local = false;  // addrgenmode none
    // IPv4: true skips the kernel's own look-ups of where a packet's source lives (accept_local 1,
    // rp_filter 0), false demands at least that it is not the host's own (accept_local 0).
    std::optional<bool> trust_sources;
};
void change_link(Socket& socket, std::uint32_t index, const LinkChange& change);

// False if there was none.
bool remove_link(Socket& socket, const std::string& name);
bool remove_link(Socket& socket, std::uint32_t index);
// One request for all links of a group; false if the group is empty.
bool remove_links_of_group(Socket& socket, std::uint32_t group);

}  // namespace terway::netlink
