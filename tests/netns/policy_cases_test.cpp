// Plays the cases of tests/data/netpol with real packets, between pods of two nodes that each have
// policy-felix. Nothing but the packets is looked at.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "patience.hpp"
#include "policy/cases/world.hpp"
#include "policy_cluster.hpp"
#include "policy_probe.hpp"

namespace terway::test {
namespace {

using policy::Party;

constexpr int kTries = 3;  // of an attempt that got nowhere and should have

policy::CaseFile read_file() {
    const char* other = std::getenv("TERWAY_POLICY_CASES");  // NOLINT(concurrency-mt-unsafe)
    const std::string path = other == nullptr ? TERWAY_CASES : other;
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return policy::read_case_file(text.str(), path);
}

const policy::CaseFile& file() {
    static const auto kFile = read_file();
    return kFile;
}

class Player {
public:
    explicit Player(const policy::CaseCluster& cluster) : cluster_(cluster) {
        for (const auto& node : cluster.nodes) {
            real_.add_node(node.name, node.addresses);
        }
        for (const auto& external : cluster.externals) {
            real_.add_external(external.name, external.addresses);
        }
    }

    void play(const policy::Case& what) {
        policy::World world(cluster_);
        sync(world);
        real_.apply(world.told(), true);
        for (std::size_t number = 0; number < what.steps.size(); ++number) {
            for (const auto& action : what.steps[number].actions) {
                act(world, action);
            }
            for (const auto& [probe, table] : what.steps[number].expected) {
                compare(world, what, number, probe, table);
            }
            compare_services(world, what, number);
        }
    }

private:
    void act(policy::World& world, const policy::CaseAction& action) {
        const bool is_restart = std::holds_alternative<policy::RestartAgent>(action.what);
        if (is_restart) {
            real_.restart();
        }
        world.apply(action);
        sync(world);
        real_.apply(world.told(), is_restart);
    }

    // Pods come before their rules, and go before others get their addresses.
    void sync(const policy::World& world) {
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

    const Netns& netns_of(const Party& party) {
        if (party.kind == Party::Kind::External) {
            return real_.external(party.key.substr(4));
        }
        return party.uses_host ? real_.node(party.node) : real_.pod(party.key).netns;
    }

    static std::optional<Family> common_family(const Party& a, const Party& b) {
        for (const auto family : {Family::V4, Family::V6}) {
            if (a.address(family) != nullptr && b.address(family) != nullptr) {
                return family;
            }
        }
        return std::nullopt;
    }

    void compare(const policy::World& world, const policy::Case& what, std::size_t step,
                 const std::string& text, const policy::Table& expected) {
        const auto asked = policy::parse_probe(text).value();
        std::vector<Attempt> attempts;
        std::vector<std::string> cells;
        for (const auto& [from_key, row] : expected) {
            for (std::size_t column = 0; column < row.size(); ++column) {
                const auto cell = row[column];
                if (cell != policy::kWorks && cell != policy::kFails) {
                    continue;
                }
                // An SCTP packet made by hand does not come back to who made it.
                if (asked.protocol == policy::Protocol::Sctp &&
                    from_key == expected[column].first) {
                    continue;
                }
                const auto from = world.party(from_key).value();
                const auto to = world.party(expected[column].first).value();
                const auto family = asked.family ? asked.family : common_family(from, to);
                if (!family || from.address(*family) == nullptr || to.address(*family) == nullptr) {
                    continue;
                }
                attempts.push_back({&netns_of(from), *from.address(*family), *to.address(*family),
                                    asked.protocol, asked.port, cell == policy::kWorks});
                cells.push_back(from_key + " -> " + expected[column].first);
            }
        }
        report(what.id + " step " + std::to_string(step) + " " + text, attempts, cells);
    }

    static void report(const std::string& where, std::vector<Attempt> attempts,
                       std::vector<std::string> cells) {
        for (int tries = 1; !attempts.empty(); ++tries) {
            const auto found = probe(attempts, tries == kTries ? patience() : kUsual);
            std::vector<Attempt> again;
            std::vector<std::string> again_cells;
            for (std::size_t i = 0; i < attempts.size(); ++i) {
                if (found[i] && !attempts[i].is_expected) {
                    ADD_FAILURE() << where << " " << cells[i] << ": expected X, found .";
                } else if (!found[i] && attempts[i].is_expected) {
                    if (tries == kTries) {
                        ADD_FAILURE() << where << " " << cells[i] << ": expected ., found X";
                    } else {
                        again.push_back(attempts[i]);
                        again_cells.push_back(cells[i]);
                    }
                }
            }
            attempts = std::move(again);
            cells = std::move(again_cells);
        }
    }

    // As kube-proxy would have it on the client's node, for one backend after the other.
    void compare_services(const policy::World& world, const policy::Case& what, std::size_t step) {
        const auto& expected = what.steps[step].expected_services;
        for (std::size_t i = 0; i < expected.size(); ++i) {
            const auto& asked = what.service_probes[i];
            const auto from = world.party(asked.from).value();
            for (const auto& [backend, verdict] : expected[i]) {
                if (verdict != policy::kWorks && verdict != policy::kFails) {
                    continue;
                }
                const auto colon = backend.rfind(':');
                const auto to = world.party(backend.substr(0, colon)).value();
                const auto v4 = to.address(Family::V4);
                const std::string protocol =
                    asked.protocol == policy::Protocol::Tcp ? "tcp" : "udp";
                const auto number = std::to_string(asked.port);
                const auto command =
                    "nft 'table ip service { chain out { type nat hook prerouting priority dstnat; "
                    "ip daddr 10.96.0.1 " +
                    protocol + " dport " + number + " dnat to " + v4->text() + ":" +
                    backend.substr(colon + 1) + "; }; }'";
                real_.on_node(from.node, [&] { EXPECT_EQ(std::system(command.c_str()), 0); });
                report(what.id + " step " + std::to_string(step) + " service " + std::to_string(i),
                       {{&netns_of(from), *from.address(Family::V4),
                         IpAddress::parse("10.96.0.1").value(), asked.protocol, asked.port,
                         verdict == policy::kWorks}},
                       {asked.from + " -> " + backend});
                real_.on_node(from.node,
                              [&] { EXPECT_EQ(std::system("nft delete table ip service"), 0); });
            }
        }
    }

    static constexpr std::chrono::milliseconds kUsual{500};

    const policy::CaseCluster& cluster_;
    PolicyCluster real_;
};

class PolicyCases : public testing::TestWithParam<std::string> {};

// All cases that begin with the same cluster, on the same nodes.
TEST_P(PolicyCases, AreAsRealPacketsFindThem) {
    const auto& cluster = file().clusters.at(GetParam());
    Player player(cluster);
    for (const auto& each : file().cases) {
        if (each.cluster == &cluster) {
            SCOPED_TRACE(each.id);
            player.play(each);
        }
    }
}

std::vector<std::string> clusters() {
    std::vector<std::string> names;
    for (const auto& [name, _] : file().clusters) {
        names.push_back(name);
    }
    return names;
}

INSTANTIATE_TEST_SUITE_P(All, PolicyCases, testing::ValuesIn(clusters()),
                         [](const auto& cluster) { return cluster.param; });

}  // namespace
}  // namespace terway::test
