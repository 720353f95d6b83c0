// What is to be in nftables, as values. Pure.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "names.hpp"
#include "netlink/nft_rule.hpp"
#include "plan_set.hpp"
#include "policy/picture.hpp"
#include "policy/rule_set.hpp"
#include "tag.hpp"

namespace terway::felix {

// A rule set for one direction. Entered by a jump at the first chain: what it allows leaves it by a
// verdict, what it refuses returns. In an order in which nothing names what is not there: first all
// chains, then all maps, then the chains' rules.
struct Group {
    std::vector<nft::Chain> chains;
    std::vector<MapPlan> maps;
    std::set<policy::SetId> sets;

    [[nodiscard]] const std::string& name() const { return chains.front().name; }
    [[nodiscard]] std::size_t rule_count() const;
    [[nodiscard]] std::string text() const;
};

// `picture` says of what families sets are that never change; those of others have both.
[[nodiscard]] Group plan_group(Direction direction, const policy::RuleSet& rules,
                               const policy::Picture& picture);

// Where a table is: on the node, for all pods that have a link there, or inside a pod.
struct Place {
    bool is_on_host = true;
    std::string link;               // inside a pod: the name of its endpoint's chains
    std::uint32_t pod_ifindex = 0;  // carries its traffic, but for a side link's
    std::vector<IpAddress> node;    // the node's addresses; none where a side link leads to it
    bool asks_for_node = true;      // as Options has it
    bool drops_unknown = true;      // likewise, on the node
    bool logs = true;               // whether rules log what they say; the kernel may be unable to

    bool operator==(const Place&) const = default;
};

// The chain of an endpoint, both kinds of place; all its rules carry the tag.
[[nodiscard]] nft::Chain endpoint_plan(Direction direction, const std::string& link, const Tag& tag,
                                       const Place& place);

struct BasePlan {
    struct Base {
        nft::Chain chain;
        std::uint32_t hook = 0;
        bool drops_by_default = false;
        bool is_second = false;  // comes after the others of its hook
    };
    std::vector<nft::Set> maps;
    std::vector<nft::Chain> allowed;  // where groups lead what they allow
    std::vector<Base> bases;
};
[[nodiscard]] BasePlan plan_base(const Place& place);

}  // namespace terway::felix
