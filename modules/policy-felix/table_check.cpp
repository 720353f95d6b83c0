// Whether everything is there that has to be.
#include "table.hpp"
#include "terway/error.hpp"

namespace terway::felix {
namespace {

[[noreturn]] void complain(const std::string& what) {
    throw Error(Status::Internal, "nftables table inet terway-policy " + what);
}

}  // namespace

void Table::expect_rules(const nft::Chain& chain) const {
    const auto count = listing_.rules(chain.name).size();
    if (count != chain.rules.size()) {
        complain("has " + std::to_string(count) + " rules in chain " + chain.name + ", not " +
                 std::to_string(chain.rules.size()));
    }
}

void Table::expect_bases() const {
    if (!listing_.has_chain(kForm)) {
        complain(std::string("has no chain ") + kForm);
    }
    for (const auto& base : base_.bases) {
        if (!listing_.has_chain(base.chain.name)) {
            complain("has no chain " + base.chain.name);
        }
        expect_rules(base.chain);
    }
    for (const auto& chain : base_.allowed) {
        expect_rules(chain);
    }
}

void Table::expect_end(Direction direction, const std::string& link, const End& end) {
    const auto& rules = end.rules(direction);
    const auto group = rules == nullptr ? std::string() : group_name(direction, rules->id);
    const auto name = endpoint_chain(direction, link);
    const auto* const map = direction == Direction::Egress ? kPodsOut : kPodsIn;
    if (place_.is_on_host && !listing_.leads(map, link)) {
        complain("has no element " + link + " in map " + map);
    }
    if (!listing_.has_chain(name)) {
        complain("has no chain " + name);
    }
    if (!end.is_told) {
        if (const auto complaint = complaint_of(direction, link); !complaint.empty()) {
            complain(complaint);
        }
        return;
    }
    expect_rules(endpoint_plan(direction, link, Tag{group}, place_));
    const auto finding = judge(direction, link, listing_.rules(name), place_);
    if (finding.state != Finding::State::Whole || finding.tag.group != group) {
        complain("has a chain " + name + " that does not lead to " +
                 (group.empty() ? "the end" : group));
    }
    if (const auto plan = groups_.find(group); plan != groups_.end()) {
        for (const auto& chain : plan->second.chains) {
            expect_rules(chain);
        }
    }
}

void Table::check(const std::string& link) {
    const auto found = ends_.find(link);
    if (found == ends_.end()) {
        complain("knows nothing of " + link);
    }
    listing_.refresh(socket_, {kPodsOut, kPodsIn});
    expect_bases();
    for (const auto direction : kDirections) {
        expect_end(direction, link, found->second);
    }
}

}  // namespace terway::felix
