// The endpoints of the node, and what rules are in force for them. One thread at a time.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "hook.hpp"
#include "options.hpp"
#include "policy/abi_update.hpp"
#include "rule_store.hpp"
#include "service_store.hpp"
#include "state.hpp"
#include "terway/types.hpp"

namespace terway::policy_bpf {

class Endpoints {
public:
    // Of the calling thread's namespace, the host's.
    Endpoints(const Options& options, const std::vector<IpAddress>& node);

    void move_node(const std::vector<IpAddress>& node);

    // See twy_policy. All throw Error.
    void attach(const sdk::EndpointView& endpoint, const twy_attachment& made);
    void adopt(const sdk::EndpointView& endpoint, const twy_attachment& made);
    void detach(const sdk::EndpointView& endpoint);
    void check(const sdk::EndpointView& endpoint);
    [[nodiscard]] twy_policy_counters observe(const sdk::EndpointView& endpoint);
    void apply(const twy_policy_update& update);

    // See ServiceStore.
    void apply(const twy_service_update& update) { services_.apply(update); }

    // What is not needed any more, for dispose(). After an update that failed, what was in force
    // before it is not told from that.
    [[nodiscard]] Waste take_waste() { return is_sure_ ? store_.take_waste(is_begun_) : Waste{}; }
    [[nodiscard]] ServiceWaste take_service_waste() { return services_.take_waste(); }

    [[nodiscard]] const std::shared_ptr<const State>& state() const noexcept { return state_; }
    // By serial.
    [[nodiscard]] std::map<std::uint32_t, policy::EndpointKey> serials() const;

private:
    // A link of the endpoint where its packets are judged.
    struct Hooking {
        Place place;
        bool is_foreign = false;  // another version's programs judge there until rules are told
        std::string name;         // of the link on the host
        Fd netns;                 // of a link inside the pod
    };
    struct Endpoint {
        std::uint32_t index = 0;
        std::vector<Hooking> hooks;
    };
    using All = std::map<policy::EndpointKey, Endpoint>;

    // What an element of the map is known by.
    struct Digest {
        std::uint64_t high = 0;
        std::uint64_t low = 0;
        auto operator<=>(const Digest&) const = default;  // NOLINT(modernize-use-nullptr)
    };
    // Of ingress and egress.
    [[nodiscard]] std::array<std::uint32_t, 2> rules_of(std::uint32_t index) const;
    [[nodiscard]] static Digest digest_of(const policy::EndpointKey& key);

    [[nodiscard]] Endpoint& known(const sdk::EndpointView& endpoint);
    [[nodiscard]] std::optional<std::uint32_t> find(const policy::EndpointKey& key) const;
    std::uint32_t occupy(const policy::EndpointKey& key);
    void describe(std::uint32_t index, const sdk::EndpointView& endpoint,
                  const twy_attachment& made) const;
    [[nodiscard]] static std::vector<Hooking> hooks_of(const sdk::EndpointView& endpoint,
                                                       const twy_attachment& made,
                                                       std::uint32_t index);
    // Others find it by its ENI, if it is a slave of one.
    void introduce(const Endpoint& endpoint, const sdk::EndpointView& view) const;
    void forget(std::uint32_t index) const;
    [[nodiscard]] netlink::Socket socket_of(const Hooking& hook) const;

    void read_rules(const twy_policy_update& update);
    void switch_rules(const twy_policy_update& update);
    void set_rules(Endpoint& endpoint, std::uint64_t rules);
    void cut(const std::vector<policy::SetChange>& changes);
    void take_over(Endpoint& endpoint);

    std::shared_ptr<const State> state_;
    RuleStore store_;
    ServiceStore services_;
    All all_;
    std::map<Digest, std::uint32_t> indices_;  // of all elements in use
    bool is_sure_ = true;                      // what was told is what is in force
    bool is_begun_ = false;

    // Of the update that is being applied: rules of both directions.
    std::map<policy::EndpointKey, std::uint64_t> told_;
};

}  // namespace terway::policy_bpf
