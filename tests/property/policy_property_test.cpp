// The resolver's output beside an evaluator that knows nothing of sets and classes, after any
// edits. TERWAY_POLICY_CASES says how many clusters, TERWAY_POLICY_SEED which ones.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "policy/index.hpp"
#include "policy/picture.hpp"
#include "policy_random.hpp"

namespace terway::policy_test {
namespace {

using policy::Index;
using policy::ObjectName;
using policy::Picture;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const auto* const text = std::getenv(name);
    return text == nullptr ? otherwise : std::stoull(text);
}

ObjectName name_of(const kube::Meta& meta) {
    return {meta.space.text(), meta.name.text()};
}

bool is_subject(const kube::Pod& pod) {
    return !pod.host_network && !pod.is_over();
}

// The resolver and what it has said so far, beside the cluster that it was told of.
class Told {
public:
    explicit Told(Cluster cluster) : cluster_(std::move(cluster)) {
        tell_all(index_);
        take();
    }

    [[nodiscard]] const Cluster& cluster() const { return cluster_; }
    [[nodiscard]] const Picture& picture() const { return picture_; }

    void edit(Chance& chance) {
        switch (chance.below(9)) {
            case 0:
                add_pod(chance);
                break;
            case 1:
                remove_pod(chance);
                break;
            case 2:
                relabel(chance, chance.pick(cluster_.namespaces));
                for (const auto& space : cluster_.namespaces) {
                    index_.set_namespace(space);
                }
                break;
            case 3:
                replace_policy(chance);
                break;
            case 4:
                remove_policy(chance);
                break;
            default:
                change_pod(chance);
        }
        if (chance.percent(70)) {
            take();
        }
    }

    void edit_cluster_policy(Chance& chance) {
        auto& policies = cluster_.cluster_policies;
        const auto name = "c" + std::to_string(chance.below(6));
        const auto has_name = [&](const auto& policy) { return policy.meta.name == name; };
        std::erase_if(policies, has_name);
        if (chance.percent(30)) {
            index_.remove_cluster_policy(name);
        } else {
            policies.push_back(random_cluster_policy(chance, cluster_, name));
            index_.set_cluster_policy(policies.back());
        }
    }

    void take() {
        const auto update = index_.take();
        picture_.apply(update);
        EXPECT_TRUE(index_.take().empty()) << "nothing changed in between";
    }

    [[nodiscard]] Picture anew() const {
        Index index;
        tell_all(index);
        Picture picture;
        picture.apply(index.take());
        return picture;
    }
    [[nodiscard]] Picture repeated() const {
        Picture picture;
        picture.apply(index_.everything());
        return picture;
    }

private:
    void tell_all(Index& index) const {
        for (const auto& policy : cluster_.policies) {
            index.set_policy(policy);
        }
        for (const auto& policy : cluster_.cluster_policies) {
            index.set_cluster_policy(policy);
        }
        for (const auto& pod : cluster_.pods) {
            tell(pod, index);
        }
        for (const auto& space : cluster_.namespaces) {
            index.set_namespace(space);
        }
    }
    static void tell(const kube::Pod& pod, Index& index) {
        index.set_endpoint({name_of(pod.meta), {}, {}});
        index.set_pod(pod);
    }

    void add_pod(Chance& chance) {
        cluster_.pods.push_back(
            random_pod(chance, chance.pick(cluster_.namespaces), ++last_number_));
        tell(cluster_.pods.back(), index_);
    }
    // Its address may be another's before it is gone, and its end be told twice.
    void remove_pod(Chance& chance) {
        if (cluster_.pods.size() < 2) {
            return;
        }
        const auto at =
            cluster_.pods.begin() + static_cast<std::ptrdiff_t>(chance.below(cluster_.pods.size()));
        const auto former = *at;
        cluster_.pods.erase(at);
        index_.remove_endpoint(name_of(former.meta));
        if (chance.percent(30) && !former.host_network) {
            add_pod(chance);
            auto& heir = cluster_.pods.back();
            heir.host_network = false;
            heir.meta.deletion = {};
            heir.addresses = former.addresses;
            tell(heir, index_);
        }
        index_.remove_pod(name_of(former.meta), "another uid");
        index_.remove_pod(name_of(former.meta), former.meta.uid.view());
        index_.remove_pod(name_of(former.meta));
    }
    void change_pod(Chance& chance) {
        if (cluster_.pods.empty()) {
            return;
        }
        auto& pod = chance.pick(cluster_.pods);
        switch (chance.below(6)) {
            case 0:
                rename_ports(chance, pod);
                break;
            case 1:
                pod.phase = chance.percent(50) ? kube::Phase::Failed : kube::Phase::Running;
                break;
            case 2:
                pod.meta.deletion = kube::Word("2000-01-01T00:00:00Z");
                break;
            case 3:
                if (!pod.host_network) {
                    move(chance, pod, ++last_number_);
                }
                break;
            default:
                relabel(chance, pod);
        }
        tell(pod, index_);
    }
    void replace_policy(Chance& chance) {
        if (cluster_.policies.empty() || chance.percent(30)) {
            cluster_.policies.push_back(random_policy(chance, cluster_,
                                                      chance.pick(cluster_.namespaces),
                                                      "m" + std::to_string(++last_number_)));
            index_.set_policy(cluster_.policies.back());
            return;
        }
        auto& policy = chance.pick(cluster_.policies);
        kube::Namespace space;
        space.meta.name = policy.meta.space;
        policy = random_policy(chance, cluster_, space, policy.meta.name.text());
        index_.set_policy(policy);
    }
    void remove_policy(Chance& chance) {
        if (!cluster_.policies.empty()) {
            auto& policy = chance.pick(cluster_.policies);
            index_.remove_policy(name_of(policy.meta));
            policy = cluster_.policies.back();
            cluster_.policies.pop_back();
        }
    }

    Cluster cluster_;
    Index index_;
    Picture picture_;
    std::size_t last_number_ = 100;
};

// Asks both about some ports of every pair.
class Comparison {
public:
    Comparison(const Cluster& cluster, const Picture& picture, Chance& chance)
        : cluster_(cluster), picture_(picture), chance_(chance) {}

    // How many answers were allowed and denied; a failure for each that differs.
    void compare_all() {
        const auto addresses = interesting_addresses(cluster_);
        for (const auto& pod : cluster_.pods) {
            if (!is_subject(pod)) {
                continue;
            }
            for (const auto& address : addresses) {
                for (const bool ingress : {true, false}) {
                    compare(pod, address, ingress);
                }
            }
        }
    }
    std::size_t allowed = 0;
    std::size_t denied = 0;

private:
    void compare(const kube::Pod& pod, const IpAddress& peer, bool ingress) {
        static constexpr std::array<std::uint16_t, 9> kPorts{1,  53,  79,   80,   81,
                                                             82, 443, 8080, 65535};
        for (int i = 0; i < 2; ++i) {
            const auto protocol = static_cast<kube::Protocol>(chance_.below(3));
            compare({ingress, &pod, peer, protocol, chance_.pick(kPorts)});
        }
        compare({ingress, &pod, peer, std::nullopt, 0});
    }
    void compare(const Question& question) {
        const auto* const rules = picture_.find(name_of(question.subject->meta));
        ASSERT_NE(rules, nullptr);
        const auto& set = question.ingress ? *rules->ingress : *rules->egress;
        const bool found =
            question.protocol
                ? picture_.allows(set, {question.peer, *question.protocol, question.port})
                : picture_.allows_other(set, question.peer);
        const bool wanted = is_allowed(cluster_, question);
        ++(wanted ? allowed : denied);
        EXPECT_EQ(found, wanted) << (question.ingress ? "from " : "to ") << question.peer.text()
                                 << " pod " << name_of(question.subject->meta).text() << " port "
                                 << question.port << "\n"
                                 << text_of(set);
    }

    const Cluster& cluster_;
    const Picture& picture_;
    Chance& chance_;
};

void expect_same(const Picture& a, const Picture& b) {
    EXPECT_EQ(a.sets(), b.sets());
    ASSERT_EQ(a.endpoints(), b.endpoints());
    for (const auto& pod : a.endpoints()) {
        EXPECT_EQ(*a.find(pod)->ingress, *b.find(pod)->ingress);
        EXPECT_EQ(*a.find(pod)->egress, *b.find(pod)->egress);
        EXPECT_EQ(a.find(pod)->policies, b.find(pod)->policies);
    }
}

// A cluster, its edits and the questions begin with the seed alone; what there is of cluster
// policies comes from `cluster_chance` and changes nothing else.
void play(std::uint64_t seed, Chance* cluster_chance, std::size_t& allowed, std::size_t& denied) {
    Chance chance(seed);
    auto cluster = random_cluster(chance);
    for (std::size_t n = cluster_chance == nullptr ? 0 : cluster_chance->below(5); n > 0; --n) {
        cluster.cluster_policies.push_back(
            random_cluster_policy(*cluster_chance, cluster, "c" + std::to_string(n)));
    }
    Told told(std::move(cluster));
    for (std::size_t edits = chance.below(12); edits > 0; --edits) {
        if (cluster_chance != nullptr && cluster_chance->percent(40)) {
            told.edit_cluster_policy(*cluster_chance);
        }
        told.edit(chance);
    }
    told.take();
    Comparison comparison(told.cluster(), told.picture(), chance);
    comparison.compare_all();
    allowed += comparison.allowed;
    denied += comparison.denied;
    expect_same(told.picture(), told.anew());
    expect_same(told.picture(), told.repeated());
}

void play_all(bool with_cluster_policies) {
    const auto seed = from_environment("TERWAY_POLICY_SEED", std::random_device()());
    const auto cases = from_environment("TERWAY_POLICY_CASES", 400);
    std::cout << "TERWAY_POLICY_SEED=" << seed << " TERWAY_POLICY_CASES=" << cases << "\n";
    std::size_t allowed = 0;
    std::size_t denied = 0;
    for (std::uint64_t number = 0; number < cases && !testing::Test::HasFailure(); ++number) {
        SCOPED_TRACE("seed " + std::to_string(seed + number));  // begins with this very cluster
        Chance cluster_chance(~(seed + number));
        play(seed + number, with_cluster_policies ? &cluster_chance : nullptr, allowed, denied);
    }
    std::cout << allowed << " connections allowed, " << denied << " denied\n";
    // Otherwise it says little.
    EXPECT_GT(allowed, denied / 10);
    EXPECT_GT(denied, allowed / 10);
}

TEST(PolicyProperty, TheResolverAgreesWithTheApisTextAfterAnyEdits) {
    play_all(false);
}

TEST(PolicyProperty, SoItDoesWithClusterPoliciesOfBothTiers) {
    play_all(true);
}

}  // namespace
}  // namespace terway::policy_test
