// As many packets as go, to a port that is denied and to one that is allowed, while the daemon is
// killed and comes back: none of the former arrives, and all of the latter do.
#include <gtest/gtest.h>

#include <signal.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "policy_pods.hpp"
#include "udp_flood.hpp"

namespace terway::test {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kPackets = 100'000;  // of each kind, at least
constexpr int kRounds = 6;                   // of deaths, at least
constexpr std::chrono::seconds kLimit{20};

// The open port for pods of a generation, and one more port.
std::string guard(const std::string& generation, int more = 0) {
    const auto port = [](int number) {
        return R"({"protocol": "UDP", "port": )" + std::to_string(number) + "}";
    };
    return R"({"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{"from": [
        {"podSelector": {"matchLabels": {"generation": ")" +
           generation + R"("}}}], "ports": [)" + port(kOpenPort) +
           (more == 0 ? "" : ", " + port(more)) + "]}]}";
}

class KubePolicyFlood : public testing::TestWithParam<Family> {
protected:
    KubePolicyFlood() {
        fs::create_directory(modules());
        replace_module();
        node().settings().module_dirs = {modules()};
        cluster().apply_policy("guard", guard("0"));
        pods_.create("friend", {{"generation", "0"}});
        pods_.create("other");
        pods_.create("web", {{"app", "web"}});
        daemon_ = cluster().start_daemon();
        for (const auto* pod : {"friend", "other", "web"}) {
            const auto added = pods_.add(pod);
            EXPECT_TRUE(added.ok()) << added.out << daemon_->log();
        }
    }

    KubeNode& cluster() { return pods_.cluster(); }
    Node& node() { return pods_.node(); }
    std::string modules() { return node().files() / "modules"; }
    // The file is another one, as an installer replaces it.
    void replace_module() {
        const auto next = modules() + "/next";
        fs::copy_file(TERWAY_POLICY_FELIX, next);
        fs::rename(next, modules() + "/policy-felix.so");
    }

    void die() {
        daemon_->kill();
        daemon_.reset();
    }
    void come_back(const std::map<std::string, std::string>& env = {}) {
        daemon_ = cluster().start_daemon(env);
    }
    void await_rules() {
        EXPECT_TRUE(eventually([&] { return pods_.revision() > 0; }, kLimit)) << daemon_->log();
    }

    // Until enough packets have met enough deaths; `life` is told the round.
    void expect_firm(const std::function<void(int)>& life) {
        const auto address = [&](const std::string& pod) {
            return pods_.addresses(pod).at(GetParam() == Family::V4 ? 0 : 1);
        };
        const Arrivals seen(pods_.fd("web"));
        Flood flood(pods_.fd("friend"), address("friend"), address("web"));
        for (int round = 1; round <= kRounds || flood.sent() < kPackets; ++round) {
            life(round);
        }
        const auto sent = flood.stop();
        EXPECT_EQ(seen.shut(), 0U) << "of " << sent << " denied packets";
        EXPECT_EQ(seen.open(), sent);
    }

    PolicyPods pods_;
    std::unique_ptr<Daemon> daemon_;
};

TEST_P(KubePolicyFlood, DaemonsThatAreKilledAndComeBack) {
    expect_firm([&](int round) {
        die();
        come_back();
        if (round % 3 != 0) {  // else it dies before, or in the midst of, its first update
            await_rules();
        }
    });
}

TEST_P(KubePolicyFlood, PoliciesAndLabelsThatChangeWhileTheDaemonIsAway) {
    expect_firm([&](int round) {
        die();
        const auto generation = std::to_string(round);
        cluster().label("friend", "generation", generation);
        cluster().label("other", "generation", round % 2 == 0 ? generation : "none");
        if (round % 2 == 0) {
            cluster().apply_policy("guard", guard(generation, 1000 + round));
            cluster().remove_policy("guard-again");
        } else {
            cluster().apply_policy("guard-again", guard(generation));
            cluster().remove_policy("guard");
        }
        come_back();
        await_rules();
        // It was seen.
        const auto more = static_cast<std::uint16_t>(1000 + round);
        EXPECT_TRUE(round % 2 == 0 ? pods_.reaches("other", "web", more)
                                   : pods_.is_kept_from("other", "web", more));
    });
}

TEST_P(KubePolicyFlood, DaemonsThatAreKilledInTheMidstOfChanges) {
    expect_firm([&](int round) {
        die();
        come_back({{"TERWAY_CHECKPOINT", "kill:policy.applied:" + std::to_string(1 + round % 4)}});
        for (int i = 1; i < 200 && !daemon_->wait(std::chrono::milliseconds(10)); ++i) {
            cluster().label("other", "generation", i % 2 == 0 ? "0" : "none");
            cluster().apply_policy("guard", guard("0", 1000 + i));
        }
        EXPECT_EQ(daemon_->wait(), by_signal(SIGKILL)) << daemon_->log();
        come_back();
        if (round % 2 == 0) {
            await_rules();
        }
    });
}

TEST_P(KubePolicyFlood, ModulesThatAreReplaced) {
    expect_firm([&](int round) {
        replace_module();
        if (round % 2 == 0) {
            die();
        } else {
            EXPECT_EQ(daemon_->stop(), 0) << daemon_->log();
            daemon_.reset();
        }
        come_back();
        await_rules();
    });
}

INSTANTIATE_TEST_SUITE_P(Both, KubePolicyFlood, testing::Values(Family::V4, Family::V6),
                         [](const auto& of) { return of.param == Family::V4 ? "V4" : "V6"; });

}  // namespace
}  // namespace terway::test
