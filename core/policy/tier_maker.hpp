// Makes one tier out of rules in order. Private to core/policy.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/cluster.hpp"
#include "policy/groups.hpp"
#include "policy/port_names.hpp"
#include "policy/sets.hpp"
#include "policy/slices.hpp"

namespace terway::policy {

// As many selectors are asked one by one; more become one set.
inline constexpr std::size_t kMostPodSets = 4;

// What tiers are made from. Borrows all.
struct TierSources {
    GroupTable& groups;
    SetTable& sets;
    const PortNames& port_names;
    SetTable::ForPods all_pods;  // visits every pod that counts
};

// The first rule that has the peer and the port decides.
class TierMaker {
public:
    // For `pod`, in one direction; `otherwise` is for what no rule has.
    TierMaker(const TierSources& sources, Direction direction, const PodState& pod,
              Action otherwise)
        : sources_(sources), direction_(direction), pod_(pod), otherwise_(otherwise) {}

    // Behind those that were added. Peers without a selector of namespaces are of `space`.
    void add(const kube::PolicyRule& rule, Action action, std::string_view space);
    // Adds the sets it needs to `used`.
    [[nodiscard]] Tier make(std::set<SetId>& used);

private:
    struct PortName {
        Protocol protocol = Protocol::Tcp;
        kube::Word name;
        bool operator<(const PortName& other) const {
            return protocol != other.protocol ? protocol < other.protocol : name < other.name;
        }
    };
    struct Rule {
        const kube::PolicyRule* rule = nullptr;
        Action action = Action::Allow;
        std::string_view space;
        kube::Word port_name;  // only of pods that call the port so, unless it is empty
    };
    // Rules one after the other that say the same of their peers.
    struct Run {
        Action action = Action::Allow;
        bool any = false;
        // By what they must call the port, and by key.
        std::map<std::pair<kube::Word, std::string>, PeerGroup> groups;
        std::vector<kube::IpBlock> blocks;
    };

    // What only allows needs no order.
    [[nodiscard]] bool is_ordered() const noexcept { return otherwise_ != Action::Deny; }
    void add_named_port(const kube::PolicyPort& port, std::size_t rule);
    [[nodiscard]] std::vector<Run> runs_of(const RuleNumbers& numbers) const;
    [[nodiscard]] std::vector<Match> matches_of(const PortSlice& slice);
    [[nodiscard]] Peers peers_of(const Run& run, const PortSlice& slice);
    [[nodiscard]] SetId named_set(const PortName& name, const RuleNumbers& numbers);

    const TierSources& sources_;
    Direction direction_;
    const PodState& pod_;
    Action otherwise_;
    std::vector<Rule> rules_;
    // What they say of ports; the numbers are indices into `rules_`.
    std::vector<PortSpan> spans_;
    RuleNumbers other_;
    std::map<PortName, RuleNumbers> named_;
    std::map<RuleNumbers, std::vector<Match>> matches_;
};

}  // namespace terway::policy
