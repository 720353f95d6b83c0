#include "service/endpoints.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace terway::service {
namespace {

using kube::SliceEndpoint;

bool is_serving_to_the_end(const SliceEndpoint& endpoint) {
    return endpoint.is_serving && endpoint.is_terminating;
}

// The least is the best.
int rank_of(const SliceEndpoint& endpoint) {
    return endpoint.is_ready                 ? 0
           : is_serving_to_the_end(endpoint) ? 1
           : endpoint.is_serving             ? 2
           : endpoint.is_terminating         ? 3
                                             : 4;
}

auto place_of(const Candidate& candidate) {
    return std::tie(candidate.endpoint->address, candidate.port);
}

bool is_ready(const Candidate& candidate) {
    return candidate.endpoint->is_ready;
}

// Whether hints of one kind decide: all who are ready have some, and one of them is for us.
bool is_decisive(const Candidates& candidates, std::string_view own,
                 kube::Word SliceEndpoint::*hints) {
    bool is_for_us = false;
    for (const auto& each : candidates) {
        if (is_ready(each)) {
            const auto names = (each.endpoint->*hints).view();
            if (names.empty()) {
                return false;
            }
            is_for_us = is_for_us || kube::is_among(own, names);
        }
    }
    return is_for_us;
}

void pass_by_hints(Candidates& candidates, const NodeFacts& facts) {
    const bool by_node = is_decisive(candidates, facts.name, &SliceEndpoint::nodes);
    if (!by_node && !is_decisive(candidates, facts.zone, &SliceEndpoint::zones)) {
        return;
    }
    const auto& own = by_node ? facts.name : facts.zone;
    for (auto& each : candidates) {
        const auto& names = by_node ? each.endpoint->nodes : each.endpoint->zones;
        if (is_used(each.fate) && !kube::is_among(own, names.view())) {
            each.fate = Fate::OtherHint;
        }
    }
}

}  // namespace

bool is_used(Fate fate) noexcept {
    return fate == Fate::Used || fate == Fate::UsedThoughTerminating;
}

std::string_view reason_of(Fate fate) noexcept {
    switch (fate) {
        case Fate::UsedThoughTerminating:
            return "is terminating, but nobody else is ready";
        case Fate::Terminating:
            return "is terminating";
        case Fate::NotReady:
            return "is not ready";
        case Fate::OtherNode:
            return "is on another node, and the Service keeps traffic on its node";
        case Fate::OtherHint:
            return "has hints for clients elsewhere";
        case Fate::Used:
            break;
    }
    return "is ready";
}

Candidates candidates_of(const Slices& slices, Family family, const kube::Word& port_name,
                         Protocol protocol, const std::string& node) {
    Candidates all;
    for (const auto& slice : slices) {
        if (slice->family != family) {
            continue;
        }
        for (const auto& port : slice->ports) {
            if (port.protocol != protocol || !(port.name == port_name)) {
                continue;
            }
            for (const auto& endpoint : slice->endpoints) {
                all.push_back({&endpoint, port.number,
                               !node.empty() && endpoint.node == std::string_view(node)});
            }
        }
    }
    std::stable_sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) {
        const auto place_a = place_of(a);
        const auto place_b = place_of(b);
        return place_a < place_b ||
               (place_a == place_b && rank_of(*a.endpoint) < rank_of(*b.endpoint));
    });
    Candidates once;
    once.reserve(all.size());
    for (const auto& each : all) {
        if (once.empty() || place_of(once.back()) != place_of(each)) {
            once.push_back(each);
        } else {
            once.back().is_local = once.back().is_local || each.is_local;
        }
    }
    return once;
}

Choice choose(Candidates candidates, Scope scope, const NodeFacts& facts) {
    Choice choice;
    const auto is_in = [scope](const Candidate& each) {
        return scope == Scope::Cluster || each.is_local;
    };
    bool has_ready = false;
    for (auto& each : candidates) {
        const auto& endpoint = *each.endpoint;
        choice.has_any = choice.has_any || is_ready(each) || is_serving_to_the_end(endpoint);
        each.fate = !is_in(each)              ? Fate::OtherNode
                    : is_ready(each)          ? Fate::Used
                    : endpoint.is_terminating ? Fate::Terminating
                                              : Fate::NotReady;
        has_ready = has_ready || each.fate == Fate::Used;
    }
    if (!has_ready) {
        for (auto& each : candidates) {
            if (each.fate == Fate::Terminating && each.endpoint->is_serving) {
                each.fate = Fate::UsedThoughTerminating;
            }
        }
    } else if (scope == Scope::Cluster) {
        pass_by_hints(candidates, facts);
    }
    choice.candidates = std::move(candidates);
    return choice;
}

WithoutBackends without_backends(const Choice& choice, Scope scope) noexcept {
    return scope == Scope::Local && choice.has_any ? WithoutBackends::Drop
                                                   : WithoutBackends::Refuse;
}

Backends backends_of(const Choice& choice, Protocol protocol) {
    Backends all;
    for (const auto& each : choice.candidates) {
        const auto& endpoint = *each.endpoint;
        const bool keeps =
            each.fate != Fate::OtherNode &&
            (protocol != Protocol::Udp || endpoint.is_serving || endpoint.is_terminating);
        if (is_used(each.fate) || keeps) {
            all.push_back({endpoint.address, each.port,
                           is_used(each.fate) ? BackendState::Ready : BackendState::Draining});
        }
    }
    return all;
}

}  // namespace terway::service
