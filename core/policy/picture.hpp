// Keeps what updates say, and answers as a data plane must that carried them out. Pure.
#pragma once

#include <map>
#include <vector>

#include "policy/update.hpp"

namespace terway::policy {

// The other end of a connection, and the destination's port; a protocol without ports has neither
// a class nor a name.
struct Flow {
    IpAddress peer;
    Protocol protocol = Protocol::Tcp;
    std::uint16_t port = 0;
};

class Picture {
public:
    // Of a set; one of the members is in use, as the kind says.
    struct Content {
        SetKind kind = SetKind::Pods;
        Protocol protocol = Protocol::Tcp;
        // Ascending. In vectors, because there may be hundreds of thousands in all sets together.
        std::vector<IpAddress> addresses;
        std::vector<AddressRange> ranges;
        std::vector<AddressPort> ports;
    };

    // Throws Error(Internal) if it contradicts what was said before.
    void apply(const Update& update);

    // Null if nothing was said of that pod.
    [[nodiscard]] const EndpointRules* find(const ObjectName& pod) const;
    [[nodiscard]] std::vector<AddressSet> sets() const;
    // Null if nothing was said of it, or it is gone.
    [[nodiscard]] const Content* find(const SetId& id) const;
    [[nodiscard]] std::vector<ObjectName> endpoints() const;

    // Whether a new connection may be opened; what is allowed whatever the policies say (the pod
    // with itself, its node with it) is not asked.
    [[nodiscard]] bool allows(const RuleSet& rules, const Flow& flow) const;
    // The same for protocols without ports.
    [[nodiscard]] bool allows_other(const RuleSet& rules, const IpAddress& peer) const;

private:
    [[nodiscard]] const Content& content(const SetId& id) const;
    [[nodiscard]] bool has(const Peers& peers, const IpAddress& address) const;
    [[nodiscard]] Action answer(const std::vector<Match>& matches, const IpAddress& address,
                                Action otherwise) const;
    [[nodiscard]] Action answer(const Tier& tier, const Flow& flow) const;
    void apply(const SetChange& change);

    std::map<SetId, Content> sets_;
    std::map<ObjectName, EndpointRules> endpoints_;
};

}  // namespace terway::policy
