#include "limited_node.hpp"

#include <boost/json.hpp>

#include "netlink/link.hpp"
#include "terway/error.hpp"

namespace terway::bench {
namespace {

namespace json = boost::json;

// As people set it where they know no better: a tenth of a second's worth.
constexpr std::uint64_t kPeerBurstShare = 10;
constexpr std::uint64_t kPeerLeastBurst = 8 * 65'536;
constexpr std::uint64_t kPeerMostBurst = 2'000'000'000;

std::string with_rates(const std::string& config, std::uint64_t limit) {
    auto object = json::parse(config).as_object();
    object["runtimeConfig"] =
        json::object{{"bandwidth", json::object{{"ingressRate", limit}, {"egressRate", limit}}}};
    return json::serialize(object);
}

std::string peer_config(std::uint64_t limit, const std::string& result) {
    const auto burst = std::min(std::max(limit / kPeerBurstShare, kPeerLeastBurst), kPeerMostBurst);
    return json::serialize(json::object{{"cniVersion", "1.0.0"},
                                        {"name", "bench"},
                                        {"type", "bandwidth"},
                                        {"ingressRate", limit},
                                        {"ingressBurst", burst},
                                        {"egressRate", limit},
                                        {"egressBurst", burst},
                                        {"prevResult", json::parse(result)}});
}

}  // namespace

LimitedNode::LimitedNode(const Programs& programs, const std::string& scratch,
                         const sim::Fabric& fabric, const Candidate& candidate, std::size_t ordinal,
                         const Way& far)
    : candidate_(candidate),
      node_(programs, scratch, fabric, candidate, ordinal, 0),
      bandwidth_(candidate.ours ? "" : programs.peers + "/bandwidth"),
      far_(far),
      number_(static_cast<std::uint32_t>(ordinal * 1000)) {}

LimitedNode::Pod::Pod(LimitedNode& node, std::uint64_t limit)
    : node_(node),
      limit_(limit),
      number_(++node.number_),
      sandbox_(node_name(node.name(), 0) + "-" + std::to_string(number_)) {
    call("ADD");
    const auto title = node_.name() + ", limit " + std::to_string(limit);
    ingress_ = {title + ", ingress", node_.far_.server, sandbox_.fd(), address_of(result_)};
    egress_ = {title + ", egress", sandbox_.fd(), node_.far_.server, node_.far_.target};
    await_way(ingress_);
    await_way(egress_);
}

LimitedNode::Pod::~Pod() {
    try {
        call("DEL");
    } catch (const Error&) {
        // The benchmark ends with the first error, which is not this one.
    }
}

void LimitedNode::Pod::call(const std::string& verb) {
    const auto& contender = node_.node_.contender();
    auto command = contender.command(verb, number_, sandbox_);
    const NetnsScope scope(contender.node());
    if (node_.ours()) {
        command.input = with_rates(node_.node_.config(), limit_);
        result_ = run_timed(command).ran.output;
        return;
    }
    auto second = command;
    second.words = {node_.bandwidth_};
    if (verb == "DEL" && limit_ != 0) {
        second.input = peer_config(limit_, result_);
        (void)run_timed(second);
    }
    const auto first = run_timed(command).ran.output;
    if (verb == "ADD") {
        result_ = first;
        if (limit_ != 0) {
            second.input = peer_config(limit_, first);
            (void)run_timed(second);
        }
    }
}

}  // namespace terway::bench
