#include "policy/explain.hpp"

#include <algorithm>
#include <charconv>

#include "policy/selector.hpp"
#include "terway/error.hpp"

namespace terway::policy {
namespace {

// One end of the connection; an address that is no pod's has none.
struct End {
    IpAddress address;
    const PodState* pod = nullptr;
};

struct Asked {
    Protocol protocol;
    std::uint16_t port;
};

const PodState* find_pod(const Spaces& cluster, std::string_view text) {
    const auto slash = text.find('/');
    const auto space = cluster.find(text.substr(0, slash));
    if (slash == std::string_view::npos || space == cluster.end()) {
        return nullptr;
    }
    const auto found = space->second.pods.find(text.substr(slash + 1));
    return found == space->second.pods.end() ? nullptr : &found->second;
}

bool has(const std::vector<IpAddress>& all, const IpAddress& address) {
    return std::find(all.begin(), all.end(), address) != all.end();
}

const PodState* owner_of(const Spaces& cluster, const IpAddress& address) {
    for (const auto& [_, space] : cluster) {
        for (const auto& [name, pod] : space.pods) {
            if (pod.counts && has(pod.addresses, address)) {
                return &pod;
            }
        }
    }
    return nullptr;
}

// All the ends that a word can mean: one, or one for each address of a pod.
std::vector<End> ends_of(const Spaces& cluster, const std::string& text) {
    if (const auto address = IpAddress::parse(text)) {
        return {{*address, owner_of(cluster, *address)}};
    }
    const auto* const pod = find_pod(cluster, text);
    if (pod == nullptr) {
        throw Error(Status::Invalid, "\"" + text + "\" is no address, and nobody knows such a pod");
    }
    std::vector<End> all;
    for (const auto& address : pod->counts ? pod->addresses : pod->said) {
        all.push_back({address, pod});
    }
    return all;
}

ObjectName name_of(const PodState& pod) {
    return {pod.space->name, pod.name.text()};
}

bool names_port(const PodState* pod, const kube::PolicyPort& port, const Asked& asked) {
    return pod != nullptr &&
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

void ask_policies(EndAnswer& answer, const PodState& subject, const End& other, const Asked& asked,
                  const PodState* destination) {
    const bool is_ingress = answer.direction == Direction::Ingress;
    bool knows_the_peer = false;
    for (const auto& [_, policy] : subject.space->policies) {
        const auto& rules = is_ingress ? policy.ingress : policy.egress;
        if (!rules || !matches(policy.pods, subject.labels)) {
            continue;
        }
        const ObjectName name{subject.space->name, policy.meta.name.text()};
        answer.isolating.push_back(name);
        for (std::size_t i = 0; i < rules->size() && !answer.policy; ++i) {
            const bool peer = has_peer((*rules)[i], subject.space->name, other);
            knows_the_peer = knows_the_peer || peer;
            if (peer && has_port((*rules)[i], asked, destination)) {
                answer.policy = name;
                answer.rule = i;
            }
        }
    }
    const std::string word(policy::name_of(answer.direction));
    if (answer.isolating.empty()) {
        answer.reason = "no policy selects " + name_of(subject).text() + " for " + word;
    } else if (answer.policy) {
        answer.reason = "policy " + answer.policy->text() + " allows it by its " + word +
                        " rule number " + std::to_string(answer.rule + 1);
    } else {
        answer.allowed = false;
        answer.reason = "isolated by " + list_of(answer.isolating) +
                        (knows_the_peer ? "; rules that have the peer have not the port"
                                        : "; no rule has the peer");
    }
}

EndAnswer answer_of(Direction direction, const End& subject, const End& other, const Asked& asked,
                    const PodState* destination) {
    EndAnswer answer;
    answer.direction = direction;
    if (subject.pod == nullptr) {
        answer.reason = subject.address.text() + " is no pod";
    } else if (!subject.pod->counts) {
        answer.reason = name_of(*subject.pod).text() +
                        " is over or in its node's network, where policies do not apply";
    } else if (subject.pod == other.pod) {
        answer.reason = "a pod may always talk to itself";
    } else {
        answer.is_asked = true;
        ask_policies(answer, *subject.pod, other, asked, destination);
    }
    return answer;
}

void compare(const Index& index, EndAnswer& answer, const PodState& subject, const Flow& flow) {
    const auto* const told = index.told(name_of(subject));
    if (told == nullptr || !index.is_told()) {
        return;
    }
    Picture picture;
    picture.apply(index.everything());
    const bool is_ingress = answer.direction == Direction::Ingress;
    answer.compiled = picture.allows(is_ingress ? *told->ingress : *told->egress, flow);
}

}  // namespace

PortOf parse_port(std::string_view text) {
    PortOf made;
    const auto slash = text.find('/');
    const auto digits = text.substr(0, slash);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), made.port);
    std::string protocol(slash == std::string_view::npos ? "tcp" : text.substr(slash + 1));
    std::transform(protocol.begin(), protocol.end(), protocol.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const bool is_known = protocol == "tcp" || protocol == "udp" || protocol == "sctp";
    if (error != std::errc{} || end != digits.data() + digits.size() || made.port == 0 ||
        !is_known) {
        throw Error(Status::Invalid, "\"" + std::string(text) +
                                         "\" is no port and protocol such as 80/tcp, 53/udp or "
                                         "7777/sctp");
    }
    made.protocol = protocol == "udp"    ? Protocol::Udp
                    : protocol == "sctp" ? Protocol::Sctp
                                         : Protocol::Tcp;
    return made;
}

Explanation explain(const Index& index, const Question& question) {
    const auto from = ends_of(index.cluster(), question.from);
    const auto to = ends_of(index.cluster(), question.to);
    for (const auto& source : from) {
        const auto found = std::find_if(to.begin(), to.end(), [&](const End& each) {
            return each.address.family() == source.address.family();
        });
        if (found == to.end()) {
            continue;
        }
        const auto& target = *found;
        const Asked asked{question.protocol, question.port};
        Explanation all;
        all.from = source.address;
        all.to = target.address;
        all.egress = answer_of(Direction::Egress, source, target, asked, target.pod);
        all.ingress = answer_of(Direction::Ingress, target, source, asked, target.pod);
        all.allowed = all.egress.allowed && all.ingress.allowed;
        if (source.pod != nullptr) {
            all.from_pod = name_of(*source.pod);
        }
        if (target.pod != nullptr) {
            all.to_pod = name_of(*target.pod);
        }
        if (all.egress.is_asked) {
            compare(index, all.egress, *source.pod, {target.address, asked.protocol, asked.port});
        }
        if (all.ingress.is_asked) {
            compare(index, all.ingress, *target.pod, {source.address, asked.protocol, asked.port});
        }
        return all;
    }
    throw Error(Status::Invalid,
                question.from + " and " + question.to + " have no addresses of one family");
}

}  // namespace terway::policy
