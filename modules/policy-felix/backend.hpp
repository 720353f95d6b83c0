// Who carries policies out: our own table of nftables, or a calico-felix beside us.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "base/time.hpp"
#include "netlink/conntrack.hpp"
#include "terway/abi.h"
#include "terway/types.hpp"
#include "tracer.hpp"

namespace terway::felix {

// The verbs of the module, see twy_policy. One thread at a time; all but sweep throw Error.
class Backend {
public:
    virtual ~Backend() = default;

    // The node's addresses are others now.
    virtual void move_node(std::vector<IpAddress> node) = 0;
    virtual void attach(const sdk::EndpointView& endpoint, const twy_attachment& made) = 0;
    virtual void adopt(const sdk::EndpointView& endpoint, const twy_attachment& made) = 0;
    virtual void detach(const sdk::EndpointView& endpoint) = 0;
    virtual void check(const sdk::EndpointView& endpoint) = 0;
    virtual void apply(const twy_policy_update& update) = 0;
    [[nodiscard]] virtual twy_policy_counters observe(const sdk::EndpointView& endpoint) = 0;
    // For any thread, for as long as it likes.
    [[nodiscard]] virtual std::shared_ptr<Tracer> tracer() = 0;
    virtual void purge() = 0;
    // Removes what is not needed any more; when to come again, if there is more.
    [[nodiscard]] virtual std::optional<Deadline> sweep(Deadline now) = 0;
    // See Endpoints.
    virtual std::vector<std::string> restore_elements() { return {}; }
    [[nodiscard]] virtual bool wants_cut() const { return false; }
    [[nodiscard]] virtual std::set<IpAddress> begin_cut() { return {}; }
    [[nodiscard]] virtual std::vector<netlink::Tracked> finish_cut(
        const std::vector<netlink::TrackedConnection>& /*connections*/) {
        return {};
    }
    virtual void cut_answers() {}
};

}  // namespace terway::felix
