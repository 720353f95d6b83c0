// What changes in a namespace's links, addresses, routes, rules, queues and nftables, as the kernel
// tells it: for noticing that somebody removed what we made.
//
// Of nftables it tells a fifth of a second late, because it looks instead of listening (nft_watch).
// Told late or never: the kernel drops IPv4 routes and neighbours of a link that goes down without
// a word, so a link that is down or gone stands for all that was on it.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <stop_token>
#include <string>

#include "base/address.hpp"
#include "base/fd.hpp"
#include "base/time.hpp"
#include "netlink/nft_watch.hpp"

namespace terway::netlink {

struct Change {
    enum class Kind : std::uint8_t {
        Everything,  // the kernel had more to tell than there was room for: look at everything
        Link,
        Address,
        Route,
        Rule,
        Nftables,  // see NftWatch
        Tc,        // a qdisc or a filter was removed; not told of those that go with their link
    };
    Kind kind = Kind::Everything;
    bool removed = false;          // a link that is down counts as there
    std::uint32_t ifindex = 0;     // Link, Address, Tc; the output link of a Route
    bool up = false;               // Link: administratively
    std::uint32_t mtu = 0;         // Link
    Mac mac;                       // Link
    std::optional<Prefix> prefix;  // Address; destination of a Route; source, else destination of
                                   // a Rule
    std::uint32_t table = 0;       // Route, Rule
    std::uint32_t priority = 0;    // Rule
    std::string name;              // Link: its name; Nftables: the table's
    bool is_ifb = false;           // Link

    bool operator==(const Change&) const = default;
};

// Listens in the namespace its constructor ran in, from then on. One thread at a time.
class Monitor {
public:
    // Watches those tables of nftables whose names begin with `tables`. Throws Error if the sockets
    // cannot be opened.
    explicit Monitor(std::string tables);
    Monitor(const Monitor&) = delete;
    Monitor& operator=(const Monitor&) = delete;

    // The next change, in the kernel's order for one socket; empty when asked to stop or when the
    // deadline has passed. Our own doings are told as well.
    [[nodiscard]] std::optional<Change> next(const std::stop_token& stop, Deadline deadline);

private:
    void drain();
    void look_at_nftables();

    Fd route_;
    Fd wake_;
    NftWatch nftables_;
    Deadline next_look_{};
    std::deque<Change> pending_;
};

}  // namespace terway::netlink
