#include "policy_random.hpp"

#include <algorithm>
#include <array>

namespace terway::policy_test {
namespace {

using kube::Word;

constexpr std::array kKeys{"app", "role", "tier"};
constexpr std::array kValues{"a", "b", ""};
constexpr std::array kPortNames{"web", "dns", "adm"};
constexpr std::array<std::uint16_t, 4> kNumbers{53, 80, 81, 8080};
constexpr std::array kProtocols{kube::Protocol::Tcp, kube::Protocol::Udp, kube::Protocol::Sctp};
constexpr std::array kBlocks{"0.0.0.0/0",     "::/0",           "10.0.0.0/16",    "10.0.1.0/24",
                             "10.0.1.9/24",   "10.0.2.0/28",    "10.0.0.0/29",    "fd00::/64",
                             "fd00::1:0/112", "192.168.0.0/24", "192.168.0.1/32", "203.0.113.0/25"};

IpAddress address(const std::string& text) {
    return IpAddress::parse(text).value();
}

kube::Pairs random_labels(Chance& chance) {
    kube::Pairs labels;
    for (const auto* const key : kKeys) {
        if (chance.percent(65)) {
            labels.emplace_back(Word(key), Word(chance.pick(kValues)));
        }
    }
    return labels;
}

kube::LabelSelector random_selector(Chance& chance) {
    kube::LabelSelector selector;
    if (chance.percent(40)) {
        selector.labels.emplace_back(Word(chance.pick(kKeys)), Word(chance.pick(kValues)));
    }
    const auto expressions = chance.percent(45) ? chance.between(1, 2) : 0;
    for (std::size_t i = 0; i < expressions; ++i) {
        kube::Requirement requirement;
        requirement.key = Word(chance.pick(kKeys));
        requirement.op = static_cast<kube::Operator>(chance.below(4));
        if (requirement.op == kube::Operator::In || requirement.op == kube::Operator::NotIn) {
            for (std::size_t n = chance.between(1, 2); n > 0; --n) {
                requirement.values.emplace_back(chance.pick(kValues));
            }
        }
        selector.expressions.push_back(std::move(requirement));
    }
    return selector;
}

kube::IpBlock random_block(Chance& chance, const Cluster& cluster) {
    kube::IpBlock block;
    if (!cluster.pods.empty() && chance.percent(25)) {
        const auto& pod = chance.pick(cluster.pods);
        if (!pod.addresses.empty()) {
            block.cidr = Prefix::host(pod.addresses.front());
            return block;
        }
    }
    block.cidr = Prefix::parse(chance.pick(kBlocks)).value().network();
    for (std::size_t n = chance.percent(50) ? chance.between(1, 3) : 0; n > 0; --n) {
        const auto except = Prefix::parse(chance.pick(kBlocks)).value().network();
        if (except.length() > block.cidr.length() && block.cidr.contains(except.address())) {
            block.except.push_back(except);
        }
    }
    return block;
}

kube::PolicyPeer random_peer(Chance& chance, const Cluster& cluster) {
    kube::PolicyPeer peer;
    const auto kind = chance.below(4);
    if (kind == 0) {
        peer.block = random_block(chance, cluster);
    }
    if (kind == 1 || kind == 3) {
        peer.pods = random_selector(chance);
    }
    if (kind == 2 || kind == 3) {
        peer.spaces = random_selector(chance);
    }
    return peer;
}

kube::PolicyPort random_port(Chance& chance) {
    kube::PolicyPort port;
    port.protocol = chance.pick(kProtocols);
    switch (chance.below(4)) {
        case 0:
            port.name = Word(chance.pick(kPortNames));
            break;
        case 1:
            port.first = port.last = chance.pick(kNumbers);
            break;
        case 2:
            port.first = static_cast<std::uint16_t>(chance.between(50, 82));
            port.last = static_cast<std::uint16_t>(port.first + chance.below(40));
            break;
        default:
            break;
    }
    return port;
}

std::vector<kube::PolicyRule> random_rules(Chance& chance, const Cluster& cluster) {
    std::vector<kube::PolicyRule> rules(chance.between(0, 3));
    for (auto& rule : rules) {
        for (std::size_t n = chance.percent(75) ? chance.between(1, 3) : 0; n > 0; --n) {
            rule.ports.push_back(random_port(chance));
        }
        // Now and then more than are asked one by one.
        const auto most = chance.percent(10) ? 8U : 3U;
        for (std::size_t n = chance.percent(85) ? chance.between(1, most) : 0; n > 0; --n) {
            rule.peers.push_back(random_peer(chance, cluster));
        }
    }
    return rules;
}

// Few that meet nobody: several peers are of all namespaces, several ports are any.
kube::PolicyRule random_ordered_rule(Chance& chance, const Cluster& cluster, bool egress) {
    kube::PolicyRule rule;
    if (chance.percent(5)) {
        return rule;  // what is not understood denies all
    }
    bool has_block = false;
    const auto most = chance.percent(10) ? 8U : 3U;
    for (std::size_t n = chance.between(1, most); n > 0; --n) {
        auto& peer = rule.peers.emplace_back();
        if (egress && chance.percent(30)) {
            has_block = true;
            peer.block = random_block(chance, cluster);
            peer.block->except.clear();
            continue;
        }
        peer.spaces = chance.percent(30) ? kube::LabelSelector{} : random_selector(chance);
        if (chance.percent(60)) {
            peer.pods = random_selector(chance);
        }
    }
    for (std::size_t n = chance.percent(65) ? chance.between(1, 3) : 0; n > 0; --n) {
        auto port = random_port(chance);
        if (port.name.empty()) {
            rule.ports.push_back(port);
            continue;
        }
        for (const auto protocol : kProtocols) {
            port.protocol = protocol;
            if (!has_block) {
                rule.ports.push_back(port);
            }
        }
    }
    return rule;
}

std::vector<kube::ClusterRule> random_ordered_rules(Chance& chance, const Cluster& cluster,
                                                    bool egress) {
    std::vector<kube::ClusterRule> rules(chance.between(0, 4));
    for (auto& rule : rules) {
        rule.action = static_cast<kube::ClusterAction>(chance.below(3));
        rule.what = random_ordered_rule(chance, cluster, egress);
        if (rule.what.peers.empty()) {
            rule.action = kube::ClusterAction::Deny;
        }
    }
    return rules;
}

}  // namespace

void relabel(Chance& chance, kube::Pod& pod) {
    pod.meta.labels = random_labels(chance);
}
void relabel(Chance& chance, kube::Namespace& space) {
    space.meta.labels = random_labels(chance);
}

void rename_ports(Chance& chance, kube::Pod& pod) {
    pod.ports.clear();
    for (std::size_t n = chance.below(4); n > 0; --n) {
        pod.ports.push_back(
            {Word(chance.pick(kPortNames)), chance.pick(kNumbers), chance.pick(kProtocols)});
    }
}

void move(Chance& chance, kube::Pod& pod, std::size_t number) {
    pod.addresses.clear();
    const auto families = chance.below(10);
    const auto last = std::to_string(number % 250 + 1);
    const auto third = std::to_string(number / 250 % 3);
    if (families != 0) {
        pod.addresses.push_back(address("10.0." + third + "." + last));
    }
    if (families < 4) {
        pod.addresses.push_back(address("fd00::" + third + ":" + last));
    }
}

kube::Pod random_pod(Chance& chance, const kube::Namespace& space, std::size_t number) {
    kube::Pod pod;
    pod.meta.space = space.meta.name;
    pod.meta.name = Word("p" + std::to_string(number));
    pod.meta.uid = Word("u" + std::to_string(number));
    pod.phase = chance.percent(7) ? kube::Phase::Succeeded : kube::Phase::Running;
    pod.meta.deletion = Word(chance.percent(8) ? "2000-01-01T00:00:00Z" : "");
    relabel(chance, pod);
    rename_ports(chance, pod);
    pod.host_network = chance.percent(8);
    if (pod.host_network) {
        pod.addresses = {address("192.168.0.1")};
    } else {
        move(chance, pod, number);
    }
    return pod;
}

kube::Namespace random_namespace(Chance& chance, const std::string& name) {
    kube::Namespace space;
    space.meta.name = Word(name);
    relabel(chance, space);
    return space;
}

kube::NetworkPolicy random_policy(Chance& chance, const Cluster& cluster,
                                  const kube::Namespace& space, const std::string& name) {
    kube::NetworkPolicy policy;
    policy.meta.space = space.meta.name;
    policy.meta.name = Word(name);
    policy.pods = random_selector(chance);
    const auto types = chance.between(1, 3);
    if ((types & 1U) != 0) {
        policy.ingress = random_rules(chance, cluster);
    }
    if ((types & 2U) != 0) {
        policy.egress = random_rules(chance, cluster);
    }
    return policy;
}

kube::ClusterNetworkPolicy random_cluster_policy(Chance& chance, const Cluster& cluster,
                                                 const std::string& name) {
    kube::ClusterNetworkPolicy policy;
    policy.meta.name = Word(name);
    policy.tier = chance.percent(50) ? kube::ClusterTier::Admin : kube::ClusterTier::Baseline;
    policy.priority = static_cast<std::uint16_t>(chance.below(3));
    policy.subject.emplace();
    if (chance.percent(50)) {
        policy.subject->spaces = random_selector(chance);
    }
    if (chance.percent(50)) {
        policy.subject->pods = random_selector(chance);
    }
    policy.ingress = random_ordered_rules(chance, cluster, false);
    policy.egress = random_ordered_rules(chance, cluster, true);
    return policy;
}

Cluster random_cluster(Chance& chance) {
    Cluster cluster;
    for (const auto* const name : {"x", "y", "z"}) {
        cluster.namespaces.push_back(random_namespace(chance, name));
    }
    const auto pods = chance.between(2, 7);
    for (std::size_t number = 0; number < pods; ++number) {
        cluster.pods.push_back(random_pod(chance, chance.pick(cluster.namespaces),
                                          number * 3 + chance.below(3) * 250));
    }
    const auto policies = chance.between(1, 5);
    for (std::size_t number = 0; number < policies; ++number) {
        cluster.policies.push_back(random_policy(chance, cluster, chance.pick(cluster.namespaces),
                                                 "n" + std::to_string(number)));
    }
    return cluster;
}

std::vector<IpAddress> interesting_addresses(const Cluster& cluster) {
    std::vector<IpAddress> out;
    for (const auto& pod : cluster.pods) {
        out.insert(out.end(), pod.addresses.begin(), pod.addresses.end());
    }
    for (const auto* const text :
         {"192.168.0.1", "192.168.0.2", "203.0.113.7", "203.0.113.200", "10.0.1.254", "fd00::1",
          "2001:db8::1", "255.255.255.255", "0.0.0.0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}) {
        out.push_back(address(text));
    }
    return out;
}

}  // namespace terway::policy_test
