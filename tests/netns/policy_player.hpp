// Plays cases of NetworkPolicies (tests/data/netpol) with real packets, between pods of nodes that
// each have a policy module. Nothing but the packets is looked at; they are compared with what the
// file expects, and where it expects nothing with the resolver's own answer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/cases/evaluate.hpp"
#include "policy/cases/world.hpp"
#include "policy_cluster.hpp"
#include "policy_probe.hpp"

namespace terway::test {

inline constexpr char kBlank = ' ';

// One connection: a cell of a table, or a Service's backend.
struct Cell {
    std::size_t step = 0;
    std::string probe;  // "TCP/80", or "service 0" and its number
    std::string from;
    std::string to;
    char expected = kBlank;  // by the file; blank if it has no such table
    char resolver = kBlank;  // as `terwayctl policy eval` has it
    char seen = kBlank;      // blank if no packet was sent
    std::string excuse;      // why the dataplane cannot be held to it; else empty

    // What must be seen: as the file says, or else the resolver. nullopt if both leave it open.
    [[nodiscard]] std::optional<char> wanted() const;
    [[nodiscard]] bool is_asserted() const;
    // Of packets or resolver from the file, or of the packets from the resolver.
    [[nodiscard]] bool differs() const;
    // Whether a difference is none of the case's: the file leaves it open, or there is an excuse.
    [[nodiscard]] bool is_forgiven() const;
    // "step 0 TCP/80 x/a -> y/b: expected ., seen X, policy eval ."
    [[nodiscard]] std::string text() const;
};

struct Played {
    policy::CaseResult result;    // what was seen, blank where no packet was sent
    std::vector<Cell> differing;  // also those that are forgiven
    std::size_t sent = 0;         // cells whose packets were sent
    std::size_t by_resolver = 0;  // of these, those of which the file says nothing
    std::size_t not_sent = 0;     // cells that are asserted, but nobody can send such packets

    // Differing cells that are forgiven do not count.
    [[nodiscard]] bool is_fine() const;
};

// All cases of one cluster, one after the other, on the same nodes.
class CasePlayer {
public:
    explicit CasePlayer(const policy::CaseCluster& cluster, Dataplane dataplane = Dataplane::Veth,
                        PolicyModule module = PolicyModule::Felix);

    // A case that the resolver cannot play to its end is not played. Throws Error for what the
    // kernel refuses; the player is of no use then.
    [[nodiscard]] Played play(const policy::Case& what);

private:
    // Connections that are to be tried at a time; those without an attempt cannot be.
    struct Round {
        std::vector<Cell> cells;
        std::vector<std::optional<Attempt>> attempts;

        void add(Cell cell, std::optional<Attempt> attempt);
        void perform();
        void tell(Played& played) const;
    };

    void act(policy::World& world, const policy::CaseAction& action);
    void sync(const policy::World& world);
    [[nodiscard]] const Netns& netns_of(const policy::Party& party);
    [[nodiscard]] std::optional<Attempt> attempt(const policy::World& world, const Cell& cell,
                                                 const policy::Probe& asked);
    [[nodiscard]] policy::Table table(const policy::World& world, Cell cell,
                                      const policy::Table& resolver, const policy::Table* expected,
                                      Played& played);
    [[nodiscard]] policy::Backends backends(const policy::World& world, Cell cell,
                                            const policy::ServiceProbe& asked,
                                            const policy::Backends& resolver,
                                            const policy::Backends* expected, Played& played);
    // To the node's module, which translates it.
    void tell_service(const std::string& node, const policy::ServiceProbe& asked,
                      const IpAddress& backend, const std::string& target);
    [[nodiscard]] char service(const policy::World& world, Cell& cell,
                               const policy::ServiceProbe& asked, Played& played);

    const policy::CaseCluster& cluster_;
    Dataplane dataplane_;
    PolicyModule module_;
    PolicyCluster real_;
};

}  // namespace terway::test
