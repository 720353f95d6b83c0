#include "policy/cases/evaluate.hpp"

#include <algorithm>

#include "policy/cases/world.hpp"
#include "terway/error.hpp"

namespace terway::policy {
namespace {

bool is_asserted(char expected) {
    return expected == kWorks || expected == kFails;
}

Table table_of(const World& world, const std::vector<Party>& parties, const Probe& probe) {
    Table table;
    for (const auto& from : parties) {
        std::string row;
        for (const auto& to : parties) {
            row += world.verdict(from, to, probe);
        }
        table.emplace_back(from.key, std::move(row));
    }
    return table;
}

const Table* find(const Tables& tables, const std::string& probe) {
    const auto found = std::find_if(tables.begin(), tables.end(),
                                    [&](const auto& each) { return each.first == probe; });
    return found == tables.end() ? nullptr : &found->second;
}

// Those that the table names, in its order; all if there is no table.
std::vector<Party> parties_of(const World& world, const Table* expected, const std::string& place) {
    auto parties = world.parties();
    if (expected == nullptr) {
        return parties;
    }
    std::vector<Party> out;
    for (const auto& [key, _] : *expected) {
        const auto found =
            std::find_if(parties.begin(), parties.end(),
                         [&, &wanted = key](const auto& each) { return each.key == wanted; });
        if (found == parties.end()) {
            throw Error(Status::Invalid, place + ": expected: there is no " + key);
        }
        out.push_back(*found);
    }
    return out;
}

class Player {
public:
    explicit Player(const Case& what) : case_(what), world_(*what.cluster) {}

    void play(std::size_t number, CaseResult& result) {
        const auto& step = case_.steps[number];
        for (const auto& action : step.actions) {
            world_.apply(action);
        }
        auto& out = result.steps.emplace_back();
        for (const auto& probe : case_.probes) {
            const auto* const expected = find(step.expected, probe.text);
            const auto parties = parties_of(world_, expected, step.place);
            out.tables.emplace_back(probe.text, table_of(world_, parties, probe));
            if (expected != nullptr) {
                compare({number, probe.text, {}, {}, {}, {}}, *expected, out.tables.back().second,
                        result);
            }
        }
        for (std::size_t i = 0; i < case_.service_probes.size(); ++i) {
            const auto& probe = case_.service_probes[i];
            out.services.push_back(world_.through(probe));
            if (!step.expected_services.empty()) {
                compare({number, "service " + std::to_string(i), probe.from, {}, {}, {}}, probe,
                        step.expected_services[i], out.services.back(), result);
            }
        }
    }

private:
    static void compare(Difference difference, const Table& expected, const Table& found,
                        CaseResult& result) {
        for (std::size_t row = 0; row < expected.size(); ++row) {
            for (std::size_t column = 0; column < expected.size(); ++column) {
                difference.expected = expected[row].second[column];
                difference.found = found[row].second[column];
                if (is_asserted(difference.expected) && difference.expected != difference.found) {
                    difference.from = expected[row].first;
                    difference.to = expected[column].first;
                    result.differences.push_back(difference);
                }
            }
        }
    }

    void compare(Difference difference, const ServiceProbe& probe, const Backends& expected,
                 Backends& found, CaseResult& result) const {
        for (const auto& [backend, verdict] : expected) {
            difference.to = backend;
            difference.expected = verdict;
            difference.found =
                found.try_emplace(backend, world_.verdict(probe, backend)).first->second;
            if (is_asserted(verdict) && verdict != difference.found) {
                result.differences.push_back(difference);
            }
        }
    }

    const Case& case_;
    World world_;
};

}  // namespace

std::string Difference::text() const {
    return "step " + std::to_string(step) + " " + probe + " " + from + " -> " + to + ": expected " +
           expected + ", found " + found;
}

CaseResult evaluate(const Case& what) {
    CaseResult result;
    try {
        Player player(what);
        for (std::size_t step = 0; step < what.steps.size(); ++step) {
            player.play(step, result);
        }
    } catch (const Error& error) {
        result.complaint = error.what();
    }
    return result;
}

}  // namespace terway::policy
