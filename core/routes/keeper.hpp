// Keeps the VPC's routes to the node's pod CIDRs right, so that VPC route mode needs no cloud
// controller manager. An ADD never waits for it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "base/metrics.hpp"
#include "base/mutex.hpp"
#include "cloud/api.hpp"
#include "routes/decision.hpp"

namespace terway::routes {

using std::chrono::milliseconds;

struct Settings {
    std::string instance;
    std::vector<Prefix> pod_cidrs;  // disjoint, no host bits
    // The table: named here, else that of the vSwitch, else the only one of the VPC.
    std::string table;
    std::string vswitch;
    std::string vpc;

    milliseconds every{300'000};      // between two looks at a table that is right
    milliseconds first_pause{2'000};  // after a change or a failure, doubled with each vain look
    milliseconds last_pause{120'000};
    milliseconds round_time{60'000};  // how long the calls of one round may take together
};

struct Chances {
    std::function<double()> jitter;          // 0 <= x < 1
    std::function<std::string()> new_token;  // for ClientToken; never twice the same
};
// From the operating system's randomness.
[[nodiscard]] Chances system_chances();

// For people.
struct RouteState {
    Prefix cidr;
    bool in_place = false;
    bool conflict = false;
    // "in place", "being made", "being replaced", "conflict: ...", "not made: ...", "not known yet"
    std::string text;

    bool operator==(const RouteState&) const = default;
};
struct State {
    std::string table;  // empty: not found yet
    std::vector<RouteState> routes;
    std::size_t stale = 0;  // entries of ours that are still to be removed
    std::string trouble;    // why the last round failed; empty if it did not
    std::uint64_t rounds = 0;

    bool operator==(const State&) const = default;
};

// run() and round() belong to one thread, the rest may be called by any.
//
// Every look costs a call for each pod CIDR and, once an hour, as many as the table has pages: a
// table is shared by all nodes of a cluster, and so is the account's share of calls.
//
// A creation keeps its ClientToken over repeats until the entry is seen, so that a lost answer
// makes no second entry. After a restart the table itself is the memory.
class Keeper {
public:
    // Borrows `api` and `metrics`. Throws Error(Invalid) without an instance.
    Keeper(cloud::Api& api, Settings settings, Metrics& metrics, Chances chances);
    Keeper(const Keeper&) = delete;
    Keeper& operator=(const Keeper&) = delete;

    // Until a stop is requested. Does not throw.
    void run(const std::stop_token& stop);
    // Looks at the table once and does what it needs; the time until the next look. Does not throw.
    [[nodiscard]] milliseconds round(const std::stop_token& stop);

    // Looks again at once.
    void poke();
    [[nodiscard]] State state() const;

private:
    // A creation that was begun and is not seen in the table yet.
    struct Creation {
        std::string token;
        bool accepted = false;
        unsigned vain_looks = 0;  // since it was accepted
    };
    // What a round found and did; the first failure stands for all.
    struct Outcome {
        State state;
        bool looked = false;  // the state is worth something
        bool settled = true;
        std::string failure;
    };

    [[nodiscard]] Outcome reconcile(const cloud::Patience& patience);
    void find_table(const cloud::Patience& patience);
    void read_entries(const cloud::Patience& patience);
    void remove_ours(const Decision& decision, Outcome& outcome, const cloud::Patience& patience);
    [[nodiscard]] RouteState act(const CidrDecision& decision, Outcome& outcome,
                                 const cloud::Patience& patience);
    void create(const Prefix& cidr, const cloud::Patience& patience);
    // Nothing, or the text of the failure, counted.
    template <class Call>
    [[nodiscard]] std::string failure_of(const cloud::Patience& patience, Call call);
    void count_failure(std::string_view reaction);

    void publish(State state);
    [[nodiscard]] milliseconds pause_after(const Outcome& outcome);

    cloud::Api& api_;
    const Settings settings_;
    const Chances chances_;
    Metrics& metrics_;

    // The thread's own.
    std::string table_;
    std::vector<cloud::RouteEntry> entries_;  // as last read
    unsigned thrifty_rounds_left_ = 0;        // before all entries are read again
    std::map<Prefix, Creation> creations_;
    milliseconds pause_;

    mutable Mutex mutex_;
    Condition wake_;
    bool poked_ TERWAY_GUARDED_BY(mutex_) = false;
    State state_ TERWAY_GUARDED_BY(mutex_);
};

}  // namespace terway::routes
