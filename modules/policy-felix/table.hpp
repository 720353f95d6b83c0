// Our table of nftables in one network namespace: what is wanted, what is there, and the way from
// the one to the other in which no packet meets anything half-made:
//   1. what is new is added, and nothing leads to it yet;
//   2. one transaction leads there;
//   3. a second later, when no packet can be on the old way any more, that is deleted.
//
// One thread at a time.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "listing.hpp"
#include "netlink/nft_batch.hpp"
#include "plan.hpp"
#include "policy/picture.hpp"
#include "terway/abi.h"

namespace terway::felix {

// What is wanted of an endpoint.
struct End {
    // False: what an earlier daemon left stays in force, or else it is closed.
    bool is_told = true;
    // Null: closed.
    std::shared_ptr<const policy::RuleSet> ingress;
    std::shared_ptr<const policy::RuleSet> egress;

    [[nodiscard]] const std::shared_ptr<const policy::RuleSet>& rules(Direction direction) const {
        return direction == Direction::Egress ? egress : ingress;
    }
};

class Table {
public:
    // `socket` is a NETLINK_NETFILTER one of the namespace.
    Table(Place place, netlink::Socket socket);

    // It is the same place, but looks different now.
    void replace(Place place);
    // What is wanted; reconcile makes it so.
    void want(const std::string& link, End end) { ends_.insert_or_assign(link, std::move(end)); }
    [[nodiscard]] const std::map<std::string, End>& ends() const noexcept { return ends_; }
    // `changes` brought sets to what `picture` has now. After a failure, or when somebody else
    // changed the table, sets are loaded anew. Throws Error.
    void reconcile(const policy::Picture& picture, std::span<const policy::SetChange> changes);
    // Of a set that is gone, or of which more changed than `changes` will say.
    void distrust(const policy::SetId& id) { loaded_.erase(id); }
    void distrust_everything();
    // Finds what rules of an endpoint were taken away, in its chains or in what they lead to. If it
    // is told, reconcile puts them back. Else its chains are written anew, leading where they led,
    // or it is closed if nobody can know any more what was in force. Throws Error.
    void verify(const std::string& link);

    // Where somebody else changed anything in the namespace since the last time, compares what sets
    // and maps of rules have with what they are to have; of `picture`, which reconcile had. Puts
    // right what differs and answers the names. Lists all elements. Throws Error.
    std::vector<std::string> restore_elements(const policy::Picture& picture);

    // Whether reconcile found base chains that may have let through what rules forbid; told once.
    [[nodiscard]] bool take_gap() noexcept { return std::exchange(had_gap_, false); }

    // An endpoint that is wanted no more, and what is there of it.
    void remove(const std::string& link);
    // Everything. Nothing is wanted any more.
    void purge();

    // From now on what nobody needs is deleted, also what earlier daemons left.
    void allow_sweeping() noexcept { may_sweep_ = true; }
    // Deletes what nobody has needed for long enough; when to come again, if there is more.
    [[nodiscard]] std::optional<Deadline> sweep(Deadline now);

    // Throws Error(Internal) with the first thing that is not as it has to be.
    void check(const std::string& link);
    [[nodiscard]] twy_verdicts count(Direction direction, const std::string& link);

    [[nodiscard]] netlink::Socket& socket() noexcept { return socket_; }
    [[nodiscard]] const Place& place() const noexcept { return place_; }

private:
    using EndKey = std::pair<Direction, std::string>;

    void attempt(const policy::Picture& picture, std::span<const policy::SetChange> changes);
    void refresh();
    // Of the base chains: all is well, or they are another version's, or they let everything pass.
    enum class Bases : std::uint8_t { Fine, Other, Broken };
    [[nodiscard]] Bases bases_of(const std::map<std::string, std::uint32_t>& chains);
    void commit(nft::Batch& batch, const char* what);

    // Phase 1.
    void add_frame(nft::Batch& batch);
    void add_bases(nft::Batch& batch);
    void add_sets(nft::Batch& batch, const policy::Picture& picture);
    void add_set(nft::Batch& batch, const MapPlan& plan);
    void add_elements(nft::Batch& batch, const std::string& set,
                      std::span<const nft::Element> elements, bool is_new);
    void add_groups(nft::Batch& batch, const policy::Picture& picture);
    void add_group(nft::Batch& batch, const Group& group);
    void add_ends(nft::Batch& batch);
    static void add_counters(nft::Batch& batch, Direction direction, const std::string& link);
    void write_chain(nft::Batch& batch, const nft::Chain& chain);
    // Phase 2.
    void switch_sets(nft::Batch& batch, std::span<const policy::SetChange> changes);
    void switch_ends(nft::Batch& batch);
    void dispatch(nft::Batch& batch);

    // Of the listing. All throw as check does.
    void expect_rules(const nft::Chain& chain) const;
    void expect_bases() const;
    void expect_end(Direction direction, const std::string& link, const End& end);

    [[nodiscard]] Finding find(Direction direction, const std::string& link);
    // Whether no rule is missing in the group that is led to.
    [[nodiscard]] bool has_whole(const Finding& finding);
    void verify(nft::Batch& batch, Direction direction, const std::string& link);
    // Of an endpoint that is not told yet; empty if all is well.
    [[nodiscard]] std::string complaint_of(Direction direction, const std::string& link);

    [[nodiscard]] bool has_elements(const MapPlan& plan);
    // What they are of is not relied on any more.
    [[nodiscard]] std::vector<std::string> find_changed_elements(const policy::Picture& picture);

    void remove_now(const std::string& link);
    void put_removal(nft::Batch& batch, const std::string& link);
    [[nodiscard]] std::set<std::string> needed() const;
    [[nodiscard]] std::vector<std::string> unknown_links() const;
    void delete_all(const std::vector<std::string>& names, const std::vector<std::string>& links);

    Place place_;
    BasePlan base_;
    bool rewrites_bases_;  // those there may be of another place
    netlink::Socket socket_;
    std::map<std::string, End> ends_;

    // What is there, if is_known_.
    bool is_known_ = false;
    std::uint32_t generation_ = 0;
    bool was_changed_ = true;  // maybe by somebody else, and nobody has looked at the elements
    bool has_table_ = false;
    Bases bases_ = Bases::Broken;
    bool had_gap_ = false;
    std::set<std::string> chains_;
    std::set<std::string> sets_;
    std::map<std::string, std::set<std::string>> links_;  // by map of links
    std::map<std::string, Group> groups_;                 // whole, by name
    std::map<EndKey, std::string> leads_to_;              // groups' names; empty: closed
    std::map<policy::SetId, std::vector<std::string>> loaded_;
    std::set<policy::SetId> fresh_;                                  // loaded in this attempt
    std::map<std::string, std::optional<std::size_t>> group_rules_;  // of groups that were counted
    std::set<std::string> damaged_groups_;                           // are to be written again

    Listing listing_;  // for who checks; what is relied on for changes is above
    bool may_sweep_ = false;
    std::map<std::string, Deadline> idle_since_;
};

}  // namespace terway::felix
