#include <netinet/in.h>

#include <linux/netfilter.h>

#include "plan.hpp"

namespace terway::felix {
namespace {

using nft::Rule;
using nft::Verdict;

// What no rules may deny, but the established: it is the first of every base chain.
void put_never_denied(std::vector<Rule>& rules) {
    constexpr std::uint8_t kFirst = 130;  // multicast listeners: 130 to 132
    constexpr std::uint8_t kLast = 136;   // routers and neighbours: 133 to 136
    constexpr std::uint8_t kReport2 = 143;
    rules.push_back({{nft::Icmpv6Between{kFirst, kLast}}, Verdict::accept()});
    rules.push_back({{nft::Icmpv6Between{kReport2, kReport2}}, Verdict::accept()});
}

constexpr const char* kPrefix = "cali";

BasePlan host_base(const Place& place) {
    const Rule established{{nft::CtState{nft::kEstablished | nft::kRelated}}, Verdict::accept()};
    const auto map = [](const char* name) {
        return nft::Set{name, nft::Key::LinkName, false, true};
    };
    const auto dispatch = [&](nft::Way way, const char* name, std::vector<Rule>& rules) {
        rules.push_back({{nft::LinkMap{way, name}}, std::nullopt});
        if (place.drops_unknown) {
            rules.push_back({{nft::LinkIs{way, kPrefix, true}}, Verdict::drop()});
        }
        rules.push_back({{}, Verdict::accept()});
    };
    BasePlan plan;
    plan.maps = {map(kPodsOut), map(kPodsIn), map(kPodsToNode)};

    nft::Chain egress{"forward_egress", {established}};
    put_never_denied(egress.rules);
    dispatch(nft::Way::In, kPodsOut, egress.rules);

    nft::Chain ingress{"forward_ingress", {established}};
    put_never_denied(ingress.rules);
    dispatch(nft::Way::Out, kPodsIn, ingress.rules);

    nft::Chain input{"input", {established}};
    input.rules.push_back({{nft::LinkIs{nft::Way::In, kPrefix, true, true}}, Verdict::accept()});
    put_never_denied(input.rules);
    input.rules.push_back({{nft::LinkMap{nft::Way::In, kPodsToNode}}, std::nullopt});
    dispatch(nft::Way::In, kPodsOut, input.rules);

    // Whom nobody lets out does not knock.
    plan.bases = {{std::move(egress), NF_INET_FORWARD, true},
                  {std::move(ingress), NF_INET_FORWARD, true, true},
                  {std::move(input), NF_INET_LOCAL_IN, true}};
    return plan;
}

BasePlan pod_base(const Place& place) {
    const auto out = Verdict::go(endpoint_chain(Direction::Egress, place.link));
    const auto in = Verdict::go(endpoint_chain(Direction::Ingress, place.link));
    const auto chain = [](const char* name) {
        return nft::Chain{name,
                          {{{nft::CtState{nft::kEstablished | nft::kRelated}}, Verdict::accept()}}};
    };
    const auto on = [](nft::Way way, std::uint32_t index, const Verdict& verdict) {
        return Rule{{nft::LinkIndexIs{way, index}}, verdict};
    };
    auto input = chain("input");
    put_never_denied(input.rules);
    for (const auto& address : place.node) {
        input.rules.push_back({{nft::AddressIs{nft::Side::Source, address}}, Verdict::accept()});
    }
    input.rules.push_back(on(nft::Way::In, place.pod_ifindex, in));
    auto output = chain("output");
    put_never_denied(output.rules);
    if (!place.asks_for_node) {
        for (const auto& address : place.node) {
            output.rules.push_back(
                {{nft::AddressIs{nft::Side::Destination, address}}, Verdict::accept()});
        }
    }
    output.rules.push_back(on(nft::Way::Out, place.pod_ifindex, out));
    auto forward = chain("forward");
    forward.rules.push_back(on(nft::Way::Out, place.pod_ifindex, out));
    forward.rules.push_back(on(nft::Way::In, place.pod_ifindex, in));
    BasePlan plan;
    // What the pod exchanges with itself, by a side link, and by links of its own making, falls out
    // of them.
    plan.bases = {{std::move(input), NF_INET_LOCAL_IN, false},
                  {std::move(output), NF_INET_LOCAL_OUT, false},
                  {std::move(forward), NF_INET_FORWARD, false}};
    return plan;
}

}  // namespace

nft::Chain endpoint_plan(Direction direction, const std::string& link, const Tag& tag,
                         const Place& place) {
    nft::Chain chain{endpoint_chain(direction, link), {}};
    const auto count = [&](Counter counter) {
        return nft::Count{counter_name(counter, direction, link)};
    };
    if (place.is_on_host) {  // what the pod sends to itself by way of a Service
        const auto other = direction == Direction::Egress ? nft::Way::Out : nft::Way::In;
        chain.rules.push_back({{nft::LinkIs{other, link}}, Verdict::accept()});
    }
    chain.rules.push_back({{nft::CtState{nft::kInvalid}, count(Counter::Late)}, Verdict::drop()});
    // Of a connection that was cut: from its server, it would open another one the other way.
    chain.rules.push_back({{nft::TcpInMidStream{}, count(Counter::Late)}, Verdict::drop()});
    chain.rules.push_back({{nft::CtUnconfirmed{}, count(Counter::Asked)}, std::nullopt});
    if (!tag.group.empty()) {
        chain.rules.push_back({{}, Verdict::jump(tag.group)});
    }
    Rule refused{{nft::CtUnconfirmed{}, count(Counter::Refused)}, Verdict::drop()};
    Rule late{{count(Counter::Late)}, Verdict::drop()};
    if (place.logs) {
        const nft::Log log{kLogGroup, LogPrefix{false, direction, link}.text()};
        refused.statements.emplace_back(log);
        late.statements.emplace_back(log);
    }
    chain.rules.push_back(std::move(refused));
    chain.rules.push_back(std::move(late));
    for (auto& rule : chain.rules) {
        rule.comment = tag.text();
    }
    return chain;
}

BasePlan plan_base(const Place& place) {
    auto plan = place.is_on_host ? host_base(place) : pod_base(place);
    for (const auto direction : kDirections) {
        nft::Chain chain{allowed_chain(direction), {}};
        if (place.logs) {  // the first packet of each connection
            chain.rules.push_back(
                {{nft::CtUnconfirmed{}, nft::Log{kLogGroup, LogPrefix{true, direction, {}}.text()}},
                 std::nullopt});
        }
        chain.rules.push_back({{}, Verdict::accept()});
        plan.allowed.push_back(std::move(chain));
    }
    return plan;
}

}  // namespace terway::felix
