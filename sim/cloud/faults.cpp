#include "sim/cloud/faults.hpp"

#include <algorithm>
#include <array>

#include "terway/error.hpp"

namespace terway::sim {
namespace {

constexpr std::array<std::pair<FaultRule::Kind, const char*>, 10> kKinds{{
    {FaultRule::Kind::Error, "error"},
    {FaultRule::Kind::Lost, "lost"},
    {FaultRule::Kind::Cut, "cut"},
    {FaultRule::Kind::Hang, "hang"},
    {FaultRule::Kind::Html, "html"},
    {FaultRule::Kind::Slow, "slow"},
    {FaultRule::Kind::Garbage, "garbage"},
    {FaultRule::Kind::Torn, "torn"},
    {FaultRule::Kind::Trickle, "trickle"},
    {FaultRule::Kind::Silent, "silent"},
}};

bool concerns(const FaultRule& rule, const ApiCall& call) {
    return glob_matches(rule.action, call.action) &&
           std::all_of(rule.where.begin(), rule.where.end(), [&](const auto& condition) {
               const auto found = call.parameters.find(condition.first);
               return found != call.parameters.end() &&
                      glob_matches(condition.second, found->second);
           });
}

}  // namespace

FaultRule::Kind FaultRule::kind_named(const std::string& name) {
    for (const auto& [kind, text] : kKinds) {
        if (name == text) {
            return kind;
        }
    }
    throw Error(
        Status::Invalid,
        "fault kind " + name +
            ": is none of error, lost, cut, hang, html, slow, garbage, torn, trickle, silent");
}

std::string FaultRule::name_of(Kind kind) {
    return kKinds.at(static_cast<std::size_t>(kind)).second;
}

int Faults::add(const FaultRule& rule, WallTime now) {
    if (rule.rate < 0 || rule.rate > 1) {
        throw Error(Status::Invalid,
                    "fault of " + rule.action + ": the rate is not within 0 and 1");
    }
    entries_.push_back({next_, rule, now, 0, 0});
    return next_++;
}

bool Faults::remove(int id) {
    return std::erase_if(entries_, [&](const Entry& entry) { return entry.id == id; }) != 0;
}

std::optional<FaultRule> Faults::strike(const ApiCall& call, Dice& dice) {
    for (auto& entry : entries_) {
        const auto& rule = entry.rule;
        const bool over = rule.lasting && call.now >= entry.since + *rule.lasting;
        const bool spent = rule.times != 0 && entry.struck >= rule.times;
        if (over || spent || !concerns(rule, call)) {
            continue;
        }
        if (++entry.seen > rule.after && dice.chance(rule.rate)) {
            ++entry.struck;
            return rule;
        }
    }
    return std::nullopt;
}

}  // namespace terway::sim
