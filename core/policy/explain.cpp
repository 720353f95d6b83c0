#include "policy/explain.hpp"

#include <algorithm>
#include <charconv>

#include "policy/explain_tiers.hpp"
#include "terway/error.hpp"

namespace terway::policy {
namespace {

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

EndAnswer answer_of(const Index& index, Direction direction, const End& subject, const End& other,
                    const Asked& asked) {
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
        ask_tiers(answer, index.policies_of(name_of(*subject.pod)), *subject.pod, other, asked);
    }
    return answer;
}

void compare(const Index& index, EndAnswer& answer, const PodState& subject, const Flow& flow) {
    const auto* const told = index.told(name_of(subject));
    if (told == nullptr || !index.is_told() || !index.is_ready(subject)) {
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
        all.egress = answer_of(index, Direction::Egress, source, target, asked);
        all.ingress = answer_of(index, Direction::Ingress, target, source, asked);
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
