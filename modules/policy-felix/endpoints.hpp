// The endpoints of the node, their tables, and what rules are in force. One thread at a time.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "cut.hpp"
#include "options.hpp"
#include "policy/abi_update.hpp"
#include "table.hpp"
#include "terway/types.hpp"
#include "tracer.hpp"

namespace terway::felix {

class Endpoints {
public:
    // Of the calling thread's namespace, the host's.
    // `log` is the daemon's, for denied packets.
    Endpoints(const Options& options, std::vector<IpAddress> node,
              const std::function<void(const std::string&)>& log);

    // Its addresses are others now.
    void move_node(std::vector<IpAddress> node);
    // Nothing passes until rules come; an endpoint that has some keeps them. Throws Error.
    void attach(const sdk::EndpointView& endpoint, const twy_attachment& made);
    // The same, but what an earlier daemon left stays in force.
    void adopt(const sdk::EndpointView& endpoint, const twy_attachment& made);
    void detach(const sdk::EndpointView& endpoint);
    void check(const sdk::EndpointView& endpoint);
    [[nodiscard]] twy_policy_counters observe(const sdk::EndpointView& endpoint);
    void apply(const twy_policy_update& update);
    [[nodiscard]] std::optional<Deadline> sweep(Deadline now);
    // Puts elements right that somebody changed, once all is known; the names of what had them.
    // Throws Error.
    std::vector<std::string> restore_elements();
    void purge() { host_.purge(); }

    // Cutting what rules forbid since they were narrowed takes three steps, because listing a
    // node's connections takes long and nobody should wait for it. First, if wants_cut(): the
    // addresses of the pods concerned; what passes inside pods is cut already. Throws Error.
    [[nodiscard]] bool wants_cut() const { return !narrowed_.empty() || !being_cut_.empty(); }
    [[nodiscard]] std::set<IpAddress> begin_cut();
    // Then connections_of() them, and what is forbidden of that is cut and answered. Throws Error;
    // all steps are wanted again then.
    [[nodiscard]] std::vector<netlink::Tracked> finish_cut(
        const std::vector<netlink::TrackedConnection>& connections);
    // For a while after that, now and then: cut_answers() to what passed inside pods. Throws Error.
    void cut_answers();

    // Hears what the rules say. Any thread; it may outlive the endpoints.
    [[nodiscard]] std::shared_ptr<Tracer> tracer() const { return tracer_; }

private:
    struct Endpoint {
        std::string link;
        std::vector<IpAddress> addresses;
        End end;
        std::unique_ptr<Table> own;  // inside the pod, where traffic passes the host by
        bool has_host_link = true;   // judged by the host's table; it and `own` may be both
        std::vector<netlink::Tracked> was_cut;  // the last time, by `own`
    };
    using All = std::map<policy::EndpointKey, Endpoint>;

    void bring(const sdk::EndpointView& endpoint, const twy_attachment& made, bool is_told);
    [[nodiscard]] std::vector<Table*> tables_of(Endpoint& endpoint);
    [[nodiscard]] Endpoint& known(const sdk::EndpointView& endpoint);
    void read(const twy_policy_update& update);
    void read_sets(const twy_policy_update& update, policy::Picture& picture);
    void read_ends(const twy_policy_update& update);
    void put(All::value_type& entry, End end);
    // After a reconcile: what opened while its rules were gone is cut.
    void close_gap(Table& table);
    // The tables inside pods and the host's.
    void for_each_table(const std::function<void(Table&)>& body);
    [[nodiscard]] Judges judges_of(const Endpoint& endpoint) const;

    Options options_;
    std::vector<IpAddress> node_;
    Table host_;
    std::shared_ptr<Tracer> tracer_;
    All all_;
    policy::Picture picture_;
    bool is_sure_ = true;    // the picture is what was told
    bool is_begun_ = false;  // everything was told once

    // Of the update that is being applied.
    std::vector<policy::SetChange> changes_;
    std::set<policy::SetId> narrowed_sets_;

    // Whose rules may forbid connections that are open.
    std::set<policy::EndpointKey> narrowed_;
    std::set<policy::EndpointKey> being_cut_;
};

}  // namespace terway::felix
