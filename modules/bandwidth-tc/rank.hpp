// How what a pod sends is ranked against what other pods of its ENI send, decided without touching
// the kernel. Pure.
//
// The ENI's own queue has bands, and a packet's band goes by its priority (that of the kernel's
// buffer, not of the packet on the wire). A filter of each pod sets it as its packets leave by the
// ENI. Forwarding and unprivileged programs set 0 to 7 at will, therefore no band but the middle
// one has a priority among those.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "netlink/link.hpp"
#include "netlink/qdisc.hpp"
#include "netlink/tc.hpp"
#include "terway/types.hpp"

namespace terway::bandwidth_tc {

// Of the filters: before all that may end the search for another.
[[nodiscard]] constexpr std::uint16_t rank_priority(Family family) {
    return family == Family::V4 ? 16 : 17;
}

struct Rank {
    std::uint32_t eni_hint = 0;  // where the ENI was
    Mac eni_mac;
    std::string eni;  // its id, for texts
    std::vector<IpAddress> addresses;
    std::uint32_t wish = TWY_PRIORITY_NONE;
    std::string owner;  // tag of the pod's filters
};

// None for a pod without an ENI.
[[nodiscard]] std::optional<Rank> rank_of(const sdk::EndpointView& endpoint);
// Of an endpoint's filters, from its key alone.
[[nodiscard]] std::string rank_owner(const sdk::EndpointView& endpoint);

// "guaranteed", "burstable", "best-effort".
[[nodiscard]] std::string word_of(const netlink::Filter& filter);
[[nodiscard]] std::vector<netlink::Filter> rank_filters(const Rank& rank);
// True for a filter that ranks some pod.
[[nodiscard]] bool is_rank(const netlink::Filter& filter);
// True for one that ranks this pod.
[[nodiscard]] bool is_rank_of(const netlink::Filter& filter, const std::string& owner);

// What to do so that the filters of a pod are as wanted; nobody else's are among them, but one for
// an address of its that a former pod left.
struct RankChange {
    std::vector<netlink::Filter> remove;
    std::vector<netlink::Filter> change;  // those found, with the actions wanted
    std::vector<netlink::Filter> add;
};
[[nodiscard]] RankChange rank_change(const std::vector<netlink::Filter>& found,
                                     const std::vector<netlink::Filter>& wanted,
                                     const std::string& owner);

// The qdiscs that make an ENI's bands, the root first.
[[nodiscard]] std::vector<netlink::Qdisc> bands_of(std::uint32_t ifindex, std::uint32_t tx_queues);
// True for a root qdisc of those.
[[nodiscard]] bool is_bands(const netlink::Qdisc& root);

}  // namespace terway::bandwidth_tc
