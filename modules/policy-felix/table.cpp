#include "table.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include "netlink/nft_read.hpp"
#include "terway/error.hpp"

namespace terway::felix {
namespace {

constexpr std::array kMaps{kPodsOut, kPodsIn, kPodsToNode};

}  // namespace

Table::Table(Place place, netlink::Socket socket)
    : place_(std::move(place)),
      base_(plan_base(place_)),
      rewrites_bases_(!place_.is_on_host),
      socket_(std::move(socket)) {}

void Table::replace(Place place) {
    place_ = std::move(place);
    base_ = plan_base(place_);
    rewrites_bases_ = true;
}

void Table::commit(nft::Batch& batch, const char* what) {
    if (!batch.empty()) {
        batch.commit(socket_, what);
        ++generation_;
    }
}

void Table::distrust_everything() {
    is_known_ = false;
    loaded_.clear();
    leads_to_.clear();
}

Table::Bases Table::bases_of(const std::map<std::string, std::uint32_t>& chains) {
    auto found = chains.contains(kForm) ? Bases::Fine : Bases::Other;
    for (const auto& base : base_.bases) {
        const auto at = chains.find(base.chain.name);
        if (at == chains.end() || at->second == 0) {
            return Bases::Broken;
        }
        if (at->second != base.chain.rules.size()) {
            found = Bases::Other;
        }
    }
    for (const auto& chain : base_.allowed) {
        if (!chains.contains(chain.name) ||
            nft::rules(socket_, kTable, chain.name).size() != chain.rules.size()) {
            found = Bases::Other;
        }
    }
    return found;
}

void Table::refresh() {
    const auto generation = nft::generation(socket_);
    if (is_known_ && generation == generation_) {
        return;
    }
    was_changed_ = true;
    generation_ = generation;
    group_rules_.clear();
    has_table_ = nft::has_table(socket_, kTable);
    const auto chains = nft::chains(socket_, kTable);
    bases_ = bases_of(chains);
    chains_.clear();
    for (const auto& [name, _] : chains) {
        chains_.insert(name);
    }
    sets_ = nft::sets(socket_, kTable);
    links_.clear();
    for (const auto& map : base_.maps) {
        if (sets_.contains(map.name)) {
            links_[map.name] = nft::link_names(socket_, kTable, map.name);
        }
    }
    if (bases_ == Bases::Broken) {  // nothing that is left can be relied on
        groups_.clear();
        leads_to_.clear();
        loaded_.clear();
    }
    std::erase_if(groups_, [&](const auto& group) {
        const auto& chains_of = group.second.chains;
        return !std::all_of(chains_of.begin(), chains_of.end(),
                            [&](const auto& chain) { return chains_.contains(chain.name); });
    });
    std::erase_if(leads_to_, [&](const auto& end) {
        return !chains_.contains(endpoint_chain(end.first.first, end.first.second));
    });
    std::erase_if(loaded_, [&](const auto& set) {
        return !std::all_of(set.second.begin(), set.second.end(),
                            [&](const auto& name) { return sets_.contains(name); });
    });
    is_known_ = true;
}

void Table::reconcile(const policy::Picture& picture, std::span<const policy::SetChange> changes) {
    try {
        attempt(picture, changes);
        return;
    } catch (const Error& error) {
        distrust_everything();
        const auto reason = error.sys_errno();
        if (reason != ENOENT && reason != EEXIST && reason != EBUSY) {
            throw;
        }
    }
    // Somebody changed it meanwhile, or before and unseen.
    try {
        attempt(picture, changes);
    } catch (const Error&) {
        distrust_everything();
        throw;
    }
}

void Table::attempt(const policy::Picture& picture, std::span<const policy::SetChange> changes) {
    refresh();
    fresh_.clear();
    had_gap_ = had_gap_ || bases_ != Bases::Fine;
    if (rewrites_bases_ && bases_ == Bases::Fine) {
        bases_ = Bases::Other;
    }
    const bool begins = !has_table_ || bases_ == Bases::Broken;
    nft::Batch batch(kTable);
    add_frame(batch);
    add_sets(batch, picture);
    add_groups(batch, picture);
    add_ends(batch);
    add_bases(batch);
    commit(batch, "add to nftables table terway-policy");

    if (begins) {
        for (const auto& base : base_.bases) {
            if (base.drops_by_default) {
                batch.drop_by_default(base.chain.name);
            }
        }
    }
    switch_sets(batch, changes);
    switch_ends(batch);
    dispatch(batch);
    commit(batch, "switch nftables table terway-policy");
    bases_ = Bases::Fine;
    rewrites_bases_ = false;
}

void Table::remove(const std::string& link) {
    ends_.erase(link);
    try {
        remove_now(link);
    } catch (const Error& error) {
        is_known_ = false;
        if (error.sys_errno() != ENOENT) {
            throw;
        }
        remove_now(link);
    }
}

void Table::remove_now(const std::string& link) {
    refresh();
    nft::Batch batch(kTable);
    put_removal(batch, link);
    commit(batch, "remove an endpoint from nftables table terway-policy");
}

// What leads to its chains goes in the same transaction, so that its packets are those of an
// unknown link from then on, and dropped.
void Table::put_removal(nft::Batch& batch, const std::string& link) {
    for (const auto* const map : kMaps) {
        const auto found = links_.find(map);
        if (found != links_.end() && found->second.erase(link) != 0) {
            const std::array element{nft::Element{nft::link_key(link), false, std::nullopt}};
            batch.delete_elements(map, element);
        }
    }
    for (const auto direction : kDirections) {
        leads_to_.erase({direction, link});
        if (const auto chain = endpoint_chain(direction, link); chains_.erase(chain) != 0) {
            batch.delete_chain(chain);
        }
        for (const auto counter : {Counter::Asked, Counter::Refused, Counter::Late}) {
            const auto name = counter_name(counter, direction, link);
            if (has_table_ && nft::counter(socket_, kTable, name)) {
                batch.delete_counter(name);
            }
        }
    }
}

void Table::purge() {
    ends_.clear();
    distrust_everything();
    if (nft::has_table(socket_, kTable)) {
        nft::Batch batch(kTable);
        batch.delete_table();
        commit(batch, "delete nftables table terway-policy");
    }
}

}  // namespace terway::felix
