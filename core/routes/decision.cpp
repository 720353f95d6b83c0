#include "routes/decision.hpp"

#include <algorithm>

namespace terway::routes {
namespace {

using cloud::RouteEntry;

class Judge {
public:
    Judge(std::string_view instance, std::span<const Prefix> pod_cidrs,
          std::span<const RouteEntry> entries)
        : instance_(instance), mark_(mark_of(instance)), pod_cidrs_(pod_cidrs), entries_(entries) {}

    [[nodiscard]] CidrDecision judge(const Prefix& cidr) const {
        const RouteEntry* right = nullptr;
        const RouteEntry* wrong_but_ours = nullptr;
        for (const auto& entry : entries_) {
            if (entry.destination.network() != cidr) {
                continue;
            }
            if (leads_here(entry)) {
                right = &entry;
            } else if (is_ours(entry)) {
                wrong_but_ours = &entry;
            } else {
                return {cidr, Action::Conflict, conflict_with(entry)};
            }
        }
        if (wrong_but_ours != nullptr) {
            return {cidr, is_settled(*wrong_but_ours) ? Action::Replace : Action::Wait,
                    "our entry leads to " + next_hop(*wrong_but_ours)};
        }
        if (right == nullptr) {
            return {cidr, Action::Create, bypass(cidr)};
        }
        return {cidr, is_settled(*right) ? Action::Nothing : Action::Wait, bypass(cidr)};
    }

    [[nodiscard]] bool is_superfluous(const RouteEntry& entry) const {
        return is_ours(entry) &&
               (!leads_here(entry) || std::find(pod_cidrs_.begin(), pod_cidrs_.end(),
                                                entry.destination.network()) == pod_cidrs_.end());
    }
    [[nodiscard]] static bool is_settled(const RouteEntry& entry) {
        return entry.status == "Available";
    }

private:
    [[nodiscard]] bool leads_here(const RouteEntry& entry) const {
        return entry.next_hop_type == "Instance" && entry.next_hop == instance_;
    }
    [[nodiscard]] bool is_ours(const RouteEntry& entry) const {
        return entry.description == mark_ && entry.type != "System";
    }
    [[nodiscard]] static std::string next_hop(const RouteEntry& entry) {
        const auto kind = entry.next_hop_type.empty() ? "" : " (" + entry.next_hop_type + ")";
        return (entry.next_hop.empty() ? "nowhere" : entry.next_hop) + kind;
    }
    [[nodiscard]] static std::string named(const RouteEntry& entry) {
        return entry.id.empty() ? "an entry" : "entry " + entry.id;
    }

    [[nodiscard]] static std::string conflict_with(const RouteEntry& entry) {
        if (entry.type == "System") {
            return "the VPC itself owns this range in " + entry.table +
                   "; give the node a pod CIDR outside every vSwitch";
        }
        const auto text =
            entry.description.empty() ? "" : ", described as \"" + entry.description + "\",";
        return named(entry) + " of " + entry.table + text + " leads to " + next_hop(entry) +
               "; remove it if it is a leftover, or give the node another pod CIDR";
    }

    // A longer prefix within a pod CIDR wins over our entry.
    [[nodiscard]] std::string bypass(const Prefix& cidr) const {
        const auto found =
            std::find_if(entries_.begin(), entries_.end(), [&](const RouteEntry& entry) {
                return entry.destination.length() > cidr.length() &&
                       entry.destination.family() == cidr.family() &&
                       cidr.contains(entry.destination.address()) && !leads_here(entry) &&
                       !is_ours(entry);
            });
        return found == entries_.end()
                   ? ""
                   : found->destination.text() + " within it leads to " + next_hop(*found);
    }

    std::string_view instance_;
    std::string mark_;
    std::span<const Prefix> pod_cidrs_;
    std::span<const RouteEntry> entries_;
};

}  // namespace

std::string mark_of(std::string_view instance) {
    return "terway " + std::string(instance);
}

Decision decide(std::string_view instance, std::span<const Prefix> pod_cidrs,
                std::span<const RouteEntry> entries) {
    const Judge judge(instance, pod_cidrs, entries);
    Decision decision;
    for (const auto& cidr : pod_cidrs) {
        decision.cidrs.push_back(judge.judge(cidr));
    }
    for (const auto& entry : entries) {
        if (judge.is_superfluous(entry)) {
            decision.removals.push_back({entry, Judge::is_settled(entry)});
        }
    }
    return decision;
}

}  // namespace terway::routes
