#include <algorithm>
#include <array>
#include <cerrno>

#include "netlink/nft_read.hpp"
#include "table.hpp"
#include "terway/error.hpp"

namespace terway::felix {
namespace {

// A processor may stop in the middle of a packet for as long as its hypervisor likes.
constexpr std::chrono::seconds kGrace{1};

}  // namespace

std::set<std::string> Table::needed() const {
    std::set<std::string> names;
    for (const auto& [_, group] : leads_to_) {
        const auto found = groups_.find(group);
        if (found == groups_.end()) {
            continue;
        }
        for (const auto& chain : found->second.chains) {
            names.insert(chain.name);
        }
        for (const auto& map : found->second.maps) {
            names.insert(map.set.name);
        }
        for (const auto& id : found->second.sets) {
            if (const auto set = loaded_.find(id); set != loaded_.end()) {
                names.insert(set->second.begin(), set->second.end());
            }
        }
    }
    return names;
}

std::vector<std::string> Table::unknown_links() const {
    std::set<std::string> links;
    for (const auto& chain : chains_) {
        links.insert(link_of_chain(chain));
    }
    for (const auto& [_, names] : links_) {
        links.insert(names.begin(), names.end());
    }
    links.erase(std::string());
    std::vector<std::string> out;
    std::copy_if(links.begin(), links.end(), std::back_inserter(out),
                 [&](const auto& link) { return !ends_.contains(link); });
    return out;
}

std::optional<Deadline> Table::sweep(Deadline now) {
    const bool is_told =
        std::all_of(ends_.begin(), ends_.end(), [](const auto& end) { return end.second.is_told; });
    if (!may_sweep_ || !is_told) {
        return std::nullopt;
    }
    refresh();
    const auto wanted = needed();
    std::map<std::string, Deadline> idle;
    const auto look_at = [&](const std::string& name) {
        if (is_shared(name) && !wanted.contains(name)) {
            const auto known = idle_since_.find(name);
            idle[name] = known == idle_since_.end() ? now : known->second;
        }
    };
    std::for_each(chains_.begin(), chains_.end(), look_at);
    std::for_each(sets_.begin(), sets_.end(), look_at);
    idle_since_ = std::move(idle);

    std::vector<std::string> due;
    std::optional<Deadline> next;
    for (const auto& [name, since] : idle_since_) {
        if (since + kGrace <= now) {
            due.push_back(name);
        } else {
            next = std::min(next.value_or(Deadline::max()), since + kGrace);
        }
    }
    try {
        delete_all(due, unknown_links());
    } catch (const Error&) {
        is_known_ = false;
        throw;
    }
    return next;
}

void Table::delete_all(const std::vector<std::string>& names,
                       const std::vector<std::string>& links) {
    nft::Batch batch(kTable);
    for (const auto& link : links) {
        put_removal(batch, link);
    }
    std::vector<std::string> chains;
    std::vector<std::string> sets;
    for (const auto& name : names) {
        idle_since_.erase(name);
        groups_.erase(name);
        (chains_.contains(name) ? chains : sets).push_back(name);
    }
    // Rules name sets, maps name chains.
    for (const auto& chain : chains) {
        batch.flush_chain(chain);
    }
    for (const auto& set : sets) {
        batch.delete_set(set);
        sets_.erase(set);
    }
    for (const auto& chain : chains) {
        batch.delete_chain(chain);
        chains_.erase(chain);
    }
    std::erase_if(loaded_, [&](const auto& set) {
        return !std::all_of(set.second.begin(), set.second.end(),
                            [&](const auto& name) { return sets_.contains(name); });
    });
    commit(batch, "delete what nobody needs from nftables table terway-policy");
}

twy_verdicts Table::count(Direction direction, const std::string& link) {
    const auto read = [&](Counter counter) {
        return nft::counter(socket_, kTable, counter_name(counter, direction, link)).value_or(0);
    };
    const auto refused = read(Counter::Refused);
    twy_verdicts verdicts{};
    verdicts.denied = refused + read(Counter::Late);
    const auto asked = read(Counter::Asked);
    verdicts.allowed = asked > refused ? asked - refused : 0;
    return verdicts;
}

}  // namespace terway::felix
