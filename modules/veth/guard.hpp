// The source guard, the masquerade and the marking for symmetric routing: two nftables tables named
// "terway-veth", one for IP and one for ARP. The rules are the same for every pod and made once; a
// pod is one element per address in a set of (host link, MAC, address), so a packet costs one
// lookup however many pods there are.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "netlink/socket.hpp"
#include "plan.hpp"

namespace terway::veth {

inline constexpr const char* kTable = "terway-veth";

struct Masquerade {
    std::vector<Prefix> pods;     // sources: the node's pod CIDRs; empty: no masquerade
    std::vector<Prefix> cluster;  // destinations that see the pod's own address
};

// The ruleset as text for nft(8); loading it again changes nothing, loading a changed one switches
// over in one transaction. `marked_uplink` is the link whose connections are marked for symmetric
// routing (return_path.hpp); empty: none. Pure.
[[nodiscard]] std::string ruleset(bool guard, const Masquerade& masquerade,
                                  const std::string& marked_uplink = {});

// Loads a ruleset into the calling thread's namespace. Throws Error with nft's own words.
void load_ruleset(const std::string& text);
// Removes the marking of an earlier ruleset, if it is there.
void remove_marking();
// The same for the chain that masquerades.
void remove_masquerade();
// Removes both tables, if they are there.
void remove_tables();

// The elements of one endpoint, also for those already gone and for a missing table. `nft` is a
// NETLINK_NETFILTER socket.
void expel(netlink::Socket& nft, const Plan& plan);
// Throws Error if the kernel has other rules than the ruleset.
void verify_rules(netlink::Socket& nft, const std::string& expected_ruleset);
// Throws Error naming the first thing that is missing: a rule, a set, an element.
void verify(netlink::Socket& nft, const Plan& plan, const std::string& expected_ruleset);

}  // namespace terway::veth
