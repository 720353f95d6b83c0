#include "policy_player.hpp"

#include <algorithm>

#include "patience.hpp"
#include "service_rule.hpp"

namespace terway::test {
namespace {

using policy::Party;

constexpr int kTries = 3;  // of an attempt that got nowhere and should have
constexpr std::chrono::milliseconds kUsual{500};
// Of Services on ipvlan.
constexpr const char* kBeyond = "the Service is translated on the node, beyond the pod's rules";

bool is_verdict(char cell) {
    return cell == policy::kWorks || cell == policy::kFails;
}

std::optional<Family> common_family(const Party& a, const Party& b) {
    for (const auto family : {Family::V4, Family::V6}) {
        if (a.address(family) != nullptr && b.address(family) != nullptr) {
            return family;
        }
    }
    return std::nullopt;
}

const policy::Table* find(const policy::Tables& tables, const std::string& probe) {
    const auto found = std::find_if(tables.begin(), tables.end(),
                                    [&](const auto& each) { return each.first == probe; });
    return found == tables.end() ? nullptr : &found->second;
}

std::string word(char cell) {
    return cell == kBlank ? "nothing" : std::string(1, cell);
}

}  // namespace

bool Cell::is_asserted() const {
    return is_verdict(expected);
}

std::optional<char> Cell::wanted() const {
    const char all = is_asserted() ? expected : resolver;
    return is_verdict(all) && expected != policy::kNobody ? std::optional(all) : std::nullopt;
}

bool Cell::is_forgiven() const {
    const bool is_of_packets =
        wanted() && seen != *wanted() && (!is_asserted() || resolver == expected);
    return expected == policy::kOpen || (!excuse.empty() && is_of_packets);
}

bool Cell::differs() const {
    return (is_asserted() && resolver != expected) ||
           (wanted() && seen != kBlank && seen != *wanted());
}

std::string Cell::text() const {
    return "step " + std::to_string(step) + " " + probe + " " + from + " -> " + to + ": expected " +
           word(expected) + ", seen " + word(seen) + ", policy eval " + word(resolver) +
           (expected == policy::kOpen ? " (left open, not counted)"
            : is_forgiven()           ? " (" + excuse + ", not counted)"
                                      : "");
}

bool Played::is_fine() const {
    return result.complaint.empty() &&
           std::all_of(differing.begin(), differing.end(),
                       [](const auto& cell) { return cell.is_forgiven(); });
}

void CasePlayer::Round::add(Cell cell, std::optional<Attempt> attempt) {
    cells.push_back(std::move(cell));
    attempts.push_back(std::move(attempt));
}

// Who should get through and does not tries again, for a packet may be lost.
void CasePlayer::Round::perform() {
    for (int tries = 1; tries <= kTries; ++tries) {
        std::vector<Attempt> now;
        std::vector<std::size_t> whose;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const bool is_again = cells[i].seen == policy::kFails && attempts[i]->is_expected;
            if (attempts[i] && (tries == 1 || is_again)) {
                now.push_back(*attempts[i]);
                whose.push_back(i);
            }
        }
        if (now.empty()) {
            return;
        }
        const auto reached = probe(now, tries == kTries ? patience() : kUsual);
        for (std::size_t i = 0; i < now.size(); ++i) {
            cells[whose[i]].seen = reached[i] ? policy::kWorks : policy::kFails;
        }
    }
}

void CasePlayer::Round::tell(Played& played) const {
    for (const auto& cell : cells) {
        const bool is_sent = cell.seen != kBlank;
        played.sent += is_sent ? 1 : 0;
        played.by_resolver += is_sent && !cell.is_asserted() ? 1 : 0;
        played.not_sent += !is_sent && cell.is_asserted() ? 1 : 0;
        if (cell.differs()) {
            played.differing.push_back(cell);
        }
    }
}

CasePlayer::CasePlayer(const policy::CaseCluster& cluster, Dataplane dataplane, PolicyModule module)
    : cluster_(cluster), dataplane_(dataplane), module_(module), real_(dataplane, module) {
    for (const auto& node : cluster.nodes) {
        real_.add_node(node.name, node.addresses);
    }
    for (const auto& external : cluster.externals) {
        real_.add_external(external.name, external.addresses);
    }
}

Played CasePlayer::play(const policy::Case& what) {
    const auto resolver = policy::evaluate(what);
    Played played;
    played.result.complaint = resolver.complaint;
    if (!resolver.complaint.empty()) {
        return played;
    }
    policy::World world(cluster_);
    sync(world);
    real_.apply(world.told(), true);
    for (std::size_t number = 0; number < what.steps.size(); ++number) {
        const auto& step = what.steps[number];
        for (const auto& action : step.actions) {
            act(world, action);
        }
        auto& seen = played.result.steps.emplace_back();
        Cell cell;
        cell.step = number;
        for (const auto& [probe, answer] : resolver.steps[number].tables) {
            cell.probe = probe;
            seen.tables.emplace_back(
                probe, table(world, cell, answer, find(step.expected, probe), played));
        }
        for (std::size_t i = 0; i < what.service_probes.size(); ++i) {
            cell.probe = "service " + std::to_string(i);
            seen.services.push_back(backends(
                world, cell, what.service_probes[i], resolver.steps[number].services[i],
                step.expected_services.empty() ? nullptr : &step.expected_services[i], played));
        }
    }
    return played;
}

void CasePlayer::act(policy::World& world, const policy::CaseAction& action) {
    const bool is_restart = std::holds_alternative<policy::RestartAgent>(action.what);
    if (is_restart) {
        real_.restart();
    }
    world.apply(action);
    sync(world);
    real_.apply(world.told(), is_restart);
}

// Pods come before their rules, and go before others get their addresses.
void CasePlayer::sync(const policy::World& world) {
    const auto parties = world.parties();
    for (const auto& name : real_.pods()) {
        const auto found = std::find_if(parties.begin(), parties.end(), [&](const auto& party) {
            return party.key == name && party.addresses == real_.pod(name).addresses;
        });
        if (found == parties.end()) {
            real_.remove_pod(name);
        }
    }
    const auto there = real_.pods();
    for (const auto& party : parties) {
        const bool is_pod = party.kind == Party::Kind::Pod && !party.uses_host;
        if (is_pod && !party.addresses.empty() &&
            std::find(there.begin(), there.end(), party.key) == there.end()) {
            real_.add_pod(party.key, party.node, party.addresses);
        }
    }
}

const Netns& CasePlayer::netns_of(const Party& party) {
    if (party.kind == Party::Kind::External) {
        return real_.external(party.key.substr(party.key.find(':') + 1));
    }
    return party.uses_host ? real_.node(party.node) : real_.pod(party.key).netns;
}

std::optional<Attempt> CasePlayer::attempt(const policy::World& world, const Cell& cell,
                                           const policy::Probe& asked) {
    const auto from = world.party(cell.from).value();
    const auto to = world.party(cell.to).value();
    const auto family = asked.family ? asked.family : common_family(from, to);
    if (!cell.wanted() || !family || from.address(*family) == nullptr ||
        to.address(*family) == nullptr) {
        return std::nullopt;
    }
    return Attempt{&netns_of(from),      *from.address(*family),
                   *to.address(*family), asked.protocol,
                   asked.port,           cell.wanted() == policy::kWorks};
}

policy::Table CasePlayer::table(const policy::World& world, Cell cell,
                                const policy::Table& resolver, const policy::Table* expected,
                                Played& played) {
    const auto asked = policy::parse_probe(cell.probe).value();
    Round round;
    for (std::size_t row = 0; row < resolver.size(); ++row) {
        for (std::size_t column = 0; column < resolver.size(); ++column) {
            cell.from = resolver[row].first;
            cell.to = resolver[column].first;
            cell.resolver = resolver[row].second[column];
            cell.expected = expected == nullptr ? kBlank : (*expected)[row].second[column];
            round.add(cell, attempt(world, cell, asked));
        }
    }
    round.perform();
    round.tell(played);
    policy::Table seen;
    for (std::size_t row = 0; row < resolver.size(); ++row) {
        auto& line = seen.emplace_back(resolver[row].first, "").second;
        for (std::size_t column = 0; column < resolver.size(); ++column) {
            const auto& each = round.cells[row * resolver.size() + column];
            line += each.resolver == policy::kNobody && each.seen == kBlank ? policy::kNobody
                                                                            : each.seen;
        }
    }
    return seen;
}

policy::Backends CasePlayer::backends(const policy::World& world, Cell cell,
                                      const policy::ServiceProbe& asked,
                                      const policy::Backends& resolver,
                                      const policy::Backends* expected, Played& played) {
    policy::Backends seen;
    cell.from = asked.from;
    for (const auto& [backend, verdict] : resolver) {
        cell.to = backend;
        cell.resolver = verdict;
        cell.expected = kBlank;
        if (expected != nullptr && expected->count(backend) != 0) {
            cell.expected = expected->at(backend);
        }
        seen[backend] = service(world, cell, asked, played);
    }
    return seen;
}

// One backend after the other, as kube-proxy would have it on the client's node.
void CasePlayer::tell_service(const std::string& node, const policy::ServiceProbe& asked,
                              const IpAddress& backend, const std::string& target) {
    sdk::testing::ServiceBuilder services;
    services.frontend(ServiceRule::address().text(), asked.port, policy::number_of(asked.protocol))
        .backend(backend.text(), static_cast<std::uint16_t>(std::stoul(target)));
    real_.on_node(node, [&] { real_.module(node).apply_services(services.full(1)); });
}

char CasePlayer::service(const policy::World& world, Cell& cell, const policy::ServiceProbe& asked,
                         Played& played) {
    const auto colon = cell.to.rfind(':');
    const auto from = world.party(asked.from).value();
    const auto to = world.party(cell.to.substr(0, colon)).value();
    const auto* const source = from.address(Family::V4);
    const auto* const backend = to.address(Family::V4);
    const bool is_possible =
        cell.wanted() && !from.node.empty() && source != nullptr && backend != nullptr;
    Round round;
    cell.seen = kBlank;
    const bool is_modules = module_ == PolicyModule::Bpf;
    if (dataplane_ == Dataplane::Ipvlan && !is_modules) {
        cell.excuse = kBeyond;
    }
    if (is_possible) {
        const auto target = cell.to.substr(colon + 1);
        std::optional<ServiceRule> rule;
        if (is_modules) {
            tell_service(from.node, asked, *backend, target);
        } else {
            rule.emplace(real_.node(from.node), asked.protocol, asked.port, *backend, target);
        }
        round.add(cell, Attempt{&netns_of(from), *source, ServiceRule::address(), asked.protocol,
                                asked.port, cell.wanted() == policy::kWorks});
        round.perform();
    } else {
        round.add(cell, std::nullopt);
    }
    round.tell(played);
    return round.cells.front().seen;
}

}  // namespace terway::test
