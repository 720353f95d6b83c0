// Sets and rules in the maps, shared by all endpoints for which they hold. One thread at a time.
//
// What a program may be reading is never changed but by one element, and never taken away before no
// program can read it any more:
//   1. what is new is written under identifiers that nobody knows, and sets gain members;
//   2. endpoints are switched over, each with one store (Endpoints does);
//   3. when every program that began before has ended, sets lose members, and what nobody names
//   goes.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "base/time.hpp"
#include "compile.hpp"
#include "policy/picture.hpp"
#include "state.hpp"

namespace terway::policy_bpf {

// Returns when every program that is running has ended: an RCU grace period, tens of milliseconds.
void await_programs();

// What is to be deleted when no program can read it any more.
struct Waste {
    std::uint32_t below = 0;  // everything with smaller identifiers; 0: nothing
    std::vector<std::uint32_t> rules;
    std::vector<policy_port> ports;
    std::vector<std::uint32_t> lists;
    std::vector<policy_member> members;
    std::vector<policy_block> blocks;

    [[nodiscard]] bool empty() const noexcept {
        return below == 0 && rules.empty() && members.empty() && blocks.empty();
    }
};
// Any thread; programs that ran when the waste was taken have ended. Throws Error.
void dispose(const State& state, const Waste& waste);

class RuleStore {
public:
    // Borrows it. What is in the maps already is of an earlier run, and stays until
    // take_waste(true).
    explicit RuleStore(const State& state);

    // Nothing that was written counts any more; it is swept once it is in nobody's way.
    void forget_everything();

    // Phase 1 of sets. Throws Error; then what is in force is what was.
    void add(std::span<const policy::SetChange> changes);
    // Phase 1 of rules: their identifier, which is of those that are known if they are the same.
    [[nodiscard]] std::uint32_t rules(const policy::RuleSet& rules);
    // Undoes phase 1, of which everything new has this identifier or a greater one; rules were not
    // switched over. Everything must be told anew then. Throws Error.
    void take_back(std::uint32_t first, std::span<const policy::SetChange> changes) const;
    // Phase 3 of sets.
    void remove(std::span<const policy::SetChange> changes);
    void drop(std::span<const policy::SetId> sets);
    // Of rules: all but these.
    void keep(const std::set<std::uint32_t>& rules);

    // What nobody leads to any more. With `earlier`, what earlier runs left, too.
    [[nodiscard]] Waste take_waste(bool earlier);

    // Whether rules that hold name any of the sets.
    [[nodiscard]] bool names_any(std::uint32_t rules, const std::set<policy::SetId>& sets) const;
    // Whether they deny or pass on whom they name, so that one more of those may be forbidden.
    [[nodiscard]] bool denies(std::uint32_t rules) const;

private:
    struct Set {
        KnownSet known;
        policy::Members members;
    };
    struct Rules {
        std::uint32_t id = 0;
        std::vector<policy_port> ports;
        std::vector<std::uint32_t> lists;
        std::set<policy::SetId> sets;
        bool denies = false;
    };

    void put(const KnownSet& set, const policy::Members& members) const;
    void take(const KnownSet& set, const policy::Members& members) const;
    void write(const Compiled& compiled, Rules& made);
    std::uint32_t write_list(std::span<const policy_question> questions, Rules& made);
    [[nodiscard]] const Rules* find(std::uint32_t id) const;
    void begin();

    const State& state_;
    std::map<policy::SetId, Set> sets_;
    std::map<policy::RuleSetId, Rules> rules_;
    Waste waste_;
    std::uint32_t first_ = 0;   // identifiers below are of what does not count any more
    bool has_earlier_ = false;  // such may be there
};

}  // namespace terway::policy_bpf
