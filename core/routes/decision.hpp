// What the VPC's route table needs so that a node's pod CIDRs lead to the node. Pure.
//
// An entry may be removed only if it is ours, and ours is what carries our mark in its description.
// An unmarked entry of exactly a pod CIDR that leads to this instance is right as it is, whoever
// made it. Everything else belongs to somebody: it is reported and left alone.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "cloud/eni.hpp"

namespace terway::routes {

enum class Action : std::uint8_t {
    Nothing,   // the entry is there and leads here
    Create,    // there is none
    Wait,      // there is one of ours in a transition
    Replace,   // ours, but it leads elsewhere: remove it, then create
    Conflict,  // somebody else's is in the way
};

struct CidrDecision {
    Prefix cidr;
    Action action = Action::Nothing;
    // Why there is a conflict; with another action, what is odd all the same. May be empty.
    std::string remark;

    bool operator==(const CidrDecision&) const = default;
};

// An entry of ours to remove, because no pod CIDR of the node needs it as it is.
struct Removal {
    cloud::RouteEntry entry;
    bool possible_now = true;  // the cloud removes an entry only while it is Available

    bool operator==(const Removal&) const = default;
};

struct Decision {
    std::vector<CidrDecision> cidrs;  // one for each pod CIDR, in their order
    std::vector<Removal> removals;    // first: they make room in the table
};

// The description of the entries that we make: "terway i-...".
[[nodiscard]] std::string mark_of(std::string_view instance);

// `entries` are those of one table. Without entries other than the pod CIDRs' own the decision
// about these is the same; only remarks and removals are then missing.
[[nodiscard]] Decision decide(std::string_view instance, std::span<const Prefix> pod_cidrs,
                              std::span<const cloud::RouteEntry> entries);

}  // namespace terway::routes
