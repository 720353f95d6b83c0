// The durable queue of DELs that found no daemon.
//
// A DEL that cannot reach the daemon leaves a ticket and reports success; the daemon works the
// tickets off when it is back. A ticket is one file per attachment, so a repeated DEL replaces its
// own, and holds the payload of the request that could not be sent.
//
// Two orders make this safe:
//   * The client writes the ticket, then tries once more to reach the daemon, and removes the
//   ticket
//     if it is answered. The daemon first listens, then lists the queue. So either the client finds
//     the daemon or the daemon finds the ticket.
//   * Runtimes use container ids again. The daemon, holding its lock of the attachment, removes the
//     ticket on ADD and on DEL, and works a ticket off only if it still exists() under that same
//     lock. So a stale ticket never hits a later ADD.
// The CNI_NETNS in a ticket may since name another namespace: it must not be opened.
//
// Safe to use from several threads and processes at once. Errors are Error, with the path.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cni/request.hpp"

namespace terway::cni {

struct TicketKey {
    std::string network;
    std::string container_id;
    std::string ifname;

    [[nodiscard]] static TicketKey of(const Request& request);
    auto operator<=>(const TicketKey&) const = default;
};

// Deterministic, and unique to the key: the escaped key, or a prefix of it and a hash if too long.
[[nodiscard]] std::string ticket_file_name(const TicketKey& key);

struct Ticket {
    TicketKey key;
    Request request;  // always a DEL
};

class TicketQueue {
public:
    // Touches nothing yet.
    explicit TicketQueue(std::string directory);

    [[nodiscard]] const std::string& directory() const noexcept { return directory_; }

    // On return the ticket survives a power loss. Creates the directory, private to root, if it is
    // missing. `invocation` must be a DEL that parses; throws CniError otherwise.
    void write(const Invocation& invocation);
    // File names, oldest ticket first. A missing directory is an empty queue.
    [[nodiscard]] std::vector<std::string> list() const;
    // nullopt if it is gone meanwhile, or is no valid ticket: that one is renamed to "<name>.bad"
    // for a human to look at, and no longer listed.
    [[nodiscard]] std::optional<Ticket> read(const std::string& name) const;
    [[nodiscard]] bool exists(const TicketKey& key) const;
    // Whether there was one. Gone for good on return.
    bool remove(const TicketKey& key);

private:
    [[nodiscard]] std::string path_of(const std::string& name) const;
    std::string directory_;
};

}  // namespace terway::cni
