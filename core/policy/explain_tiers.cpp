#include "policy/explain_tiers.hpp"

#include <algorithm>

#include "policy/selector.hpp"

namespace terway::policy {
namespace {

bool names_port(const PodState* pod, const kube::PolicyPort& port, const Asked& asked) {
    return pod != nullptr && pod->counts &&
           std::any_of(pod->ports.begin(), pod->ports.end(), [&](const kube::NamedPort& named) {
               return named.name == port.name && named.protocol == asked.protocol &&
                      named.number == asked.port;
           });
}

bool has_port(const kube::PolicyRule& rule, const Asked& asked, const PodState* destination) {
    return rule.ports.empty() ||
           std::any_of(rule.ports.begin(), rule.ports.end(), [&](const kube::PolicyPort& port) {
               if (port.protocol != asked.protocol) {
                   return false;
               }
               return port.name.empty() ? port.first <= asked.port && asked.port <= port.last
                                        : names_port(destination, port, asked);
           });
}

bool is_peer(const kube::PolicyPeer& peer, const std::string& space, const End& other) {
    if (peer.block) {
        return peer.block->cidr.contains(other.address) &&
               std::none_of(peer.block->except.begin(), peer.block->except.end(),
                            [&](const Prefix& each) { return each.contains(other.address); });
    }
    if (other.pod == nullptr || !other.pod->counts || (!peer.pods && !peer.spaces)) {
        return false;
    }
    const auto& home = *other.pod->space;
    const bool in_space =
        peer.spaces ? home.is_known && matches(*peer.spaces, home.labels) : home.name == space;
    return in_space && (!peer.pods || matches(*peer.pods, other.pod->labels));
}

bool has_peer(const kube::PolicyRule& rule, const std::string& space, const End& other) {
    return rule.peers.empty() ||
           std::any_of(rule.peers.begin(), rule.peers.end(),
                       [&](const kube::PolicyPeer& peer) { return is_peer(peer, space, other); });
}

std::string list_of(const std::vector<ObjectName>& names) {
    std::string text;
    for (const auto& name : names) {
        text += (text.empty() ? "" : ", ") + name.text();
    }
    return text;
}

ObjectName name_of(const kube::Meta& meta) {
    return {meta.space.text(), meta.name.text()};
}

// "cluster policy c of the Admin tier", "policy x/p".
std::string title_of(TierKind tier, const ObjectName& policy) {
    return tier == TierKind::NetworkPolicy ? "policy " + policy.text()
                                           : "cluster policy " + policy.text() + " of the " +
                                                 std::string(name_of(tier)) + " tier";
}

class Walk {
public:
    Walk(EndAnswer& answer, const PodState& subject, const End& other, const Asked& asked)
        : answer_(answer),
          subject_(subject),
          other_(other),
          asked_(asked),
          is_ingress_(answer.direction == Direction::Ingress),
          destination_(is_ingress_ ? &subject : other.pod) {}

    // Whether the tier decides.
    bool ask(TierKind tier, const ClusterPolicies& policies) {
        for (const auto* const policy : policies) {
            const auto& rules = is_ingress_ ? policy->ingress : policy->egress;
            for (std::size_t i = 0; i < rules.size(); ++i) {
                if (has_peer(rules[i].what, "", other_) &&
                    has_port(rules[i].what, asked_, destination_)) {
                    return carry_out(tier, rules[i].action, name_of(policy->meta), i);
                }
            }
            if (!rules.empty()) {
                silent_.push_back(name_of(policy->meta));
            }
        }
        return false;
    }

    bool ask(const Policies& policies) {
        bool knows_the_peer = false;
        for (const auto* const policy : policies) {
            const auto& rules = is_ingress_ ? policy->ingress : policy->egress;
            if (!rules) {
                continue;
            }
            answer_.isolating.push_back(name_of(policy->meta));
            for (std::size_t i = 0; i < rules->size() && !answer_.policy; ++i) {
                const bool peer = has_peer((*rules)[i], subject_.space->name, other_);
                knows_the_peer = knows_the_peer || peer;
                if (peer && has_port((*rules)[i], asked_, destination_)) {
                    decide(TierKind::NetworkPolicy, true, "allows", answer_.isolating.back(), i);
                }
            }
        }
        if (answer_.isolating.empty()) {
            return false;
        }
        if (!answer_.policy) {
            answer_.tier = TierKind::NetworkPolicy;
            answer_.allowed = false;
            say("isolated by " + list_of(answer_.isolating) +
                (knows_the_peer ? "; rules that have the peer have not the port"
                                : "; no rule has the peer"));
        }
        return true;
    }

    void end() {
        const auto pod = policy::name_of(subject_).text();
        say(silent_.empty() ? "no policy selects " + pod + " for " + word()
                            : "no rule of cluster policies " + list_of(silent_) +
                                  " has it, and no policy isolates " + pod + " for " + word());
    }

private:
    [[nodiscard]] std::string word() const {
        return std::string(policy::name_of(answer_.direction));
    }
    void say(const std::string& reason) {
        answer_.reason += (answer_.reason.empty() ? "" : "; ") + reason;
    }
    void say(const char* verb, TierKind tier, const ObjectName& policy, std::size_t rule) {
        say(title_of(tier, policy) + " " + verb + " it by its " + word() + " rule number " +
            std::to_string(rule + 1));
    }
    void decide(TierKind tier, bool allowed, const char* verb, const ObjectName& policy,
                std::size_t rule) {
        answer_.tier = tier;
        answer_.allowed = allowed;
        answer_.policy = policy;
        answer_.rule = rule;
        say(verb, tier, policy, rule);
    }
    bool carry_out(TierKind tier, kube::ClusterAction action, const ObjectName& policy,
                   std::size_t rule) {
        switch (action) {
            case kube::ClusterAction::Accept:
                decide(tier, true, "accepts", policy, rule);
                return true;
            case kube::ClusterAction::Pass:
                if (tier == TierKind::Baseline) {  // nothing is behind it
                    decide(tier, true, "passes", policy, rule);
                    return true;
                }
                say("passes", tier, policy, rule);
                return false;
            case kube::ClusterAction::Deny:
                break;
        }
        decide(tier, false, "denies", policy, rule);
        return true;
    }

    EndAnswer& answer_;
    const PodState& subject_;
    const End& other_;
    const Asked& asked_;
    const bool is_ingress_;
    const PodState* const destination_;
    std::vector<ObjectName> silent_;  // cluster policies that have no such rule
};

}  // namespace

std::string_view name_of(TierKind tier) {
    switch (tier) {
        case TierKind::Admin:
            return "Admin";
        case TierKind::NetworkPolicy:
            return "NetworkPolicy";
        case TierKind::Baseline:
            return "Baseline";
    }
    return "unknown";
}

ObjectName name_of(const PodState& pod) {
    return {pod.space->name, pod.name.text()};
}

void ask_tiers(EndAnswer& answer, const Selecting& selecting, const PodState& subject,
               const End& other, const Asked& asked) {
    Walk walk(answer, subject, other, asked);
    if (!walk.ask(TierKind::Admin, selecting.admin) && !walk.ask(selecting.policies) &&
        !walk.ask(TierKind::Baseline, selecting.baseline)) {
        walk.end();
    }
}

}  // namespace terway::policy
