// Makes the rules of one endpoint out of the policies that select it. Private to core/policy.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "policy/cluster.hpp"
#include "policy/groups.hpp"
#include "policy/sets.hpp"
#include "policy/slices.hpp"

namespace terway::policy {

// As many selectors are asked one by one; more become one set.
inline constexpr std::size_t kMostPodSets = 4;

struct RuleSetNode {
    RuleSet rules;
    std::set<SetId> sets;
};

using Policies = std::vector<const kube::NetworkPolicy*>;

// For the length of one update.
class Compiler {
public:
    // Borrows all. `all_pods` visits every pod that counts.
    Compiler(GroupTable& groups, SetTable& sets, SetTable::ForPods all_pods)
        : groups_(groups), sets_(sets), all_pods_(std::move(all_pods)) {}

    // The rules for `pod`; `policies` are those that select it, in one order. Endpoints for which
    // the same is true share the answer.
    [[nodiscard]] std::shared_ptr<const RuleSetNode> compile(Direction direction,
                                                             const Policies& policies,
                                                             const PodState& pod);

private:
    struct Rule {
        const kube::PolicyRule* rule;
        std::string_view space;
    };
    struct PortName {
        Protocol protocol;
        kube::Word name;
        bool operator<(const PortName& other) const {
            return protocol != other.protocol ? protocol < other.protocol : name < other.name;
        }
    };
    // What the rules say of ports; the numbers are indices into `rules_`.
    struct Ports {
        std::vector<PortSpan> spans;
        RuleNumbers other;
        std::map<PortName, RuleNumbers> named;
    };
    struct Meant {
        bool any = false;
        std::map<std::string, PeerGroup> groups;
        std::vector<kube::IpBlock> blocks;
    };

    [[nodiscard]] RuleSetNode build(Direction direction, const Policies& policies,
                                    const PodState& pod);
    void add_ports(Ports& ports, std::size_t number, Direction direction,
                   const PodState& pod) const;
    [[nodiscard]] Meant meant_by(const RuleNumbers& numbers) const;
    [[nodiscard]] std::vector<PeerGroup*> ensure(const Meant& meant);
    // Puts the sets it needs into `used`.
    [[nodiscard]] std::vector<Match> matches_of(const RuleNumbers& numbers, std::set<SetId>& used);
    [[nodiscard]] SetId named_set(const PortName& name, const RuleNumbers& numbers);

    GroupTable& groups_;
    SetTable& sets_;
    SetTable::ForPods all_pods_;
    std::vector<Rule> rules_;
    std::map<RuleNumbers, std::vector<Match>> matches_;

    struct Key {
        Direction direction;
        Policies policies;
        std::string ports;
        auto operator<=>(const Key&) const = default;  // NOLINT(modernize-use-nullptr)
    };
    std::map<Key, std::shared_ptr<const RuleSetNode>> made_;
};

}  // namespace terway::policy
