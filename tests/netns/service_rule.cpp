#include "service_rule.hpp"

#include "sim/process.hpp"
#include "terway/error.hpp"

namespace terway::test {
namespace {

constexpr std::chrono::seconds kLimit{20};

sim::Outcome nft(const Netns& node, const std::string& commands) {
    return sim::run_program(
        {{"nft", "-f", "-"}, {{"PATH", sim::kUsualPath}}, commands, node.fd(), {}, {}},
        after(kLimit));
}

std::string keyword(policy::Protocol protocol) {
    switch (protocol) {
        case policy::Protocol::Tcp:
            return "tcp";
        case policy::Protocol::Udp:
            return "udp";
        default:
            return "sctp";
    }
}

}  // namespace

ServiceRule::ServiceRule(const Netns& node, policy::Protocol protocol, std::uint16_t port,
                         const IpAddress& backend, const std::string& target)
    : node_(node) {
    const auto rule = "ip daddr " + address().text() + " " + keyword(protocol) + " dport " +
                      std::to_string(port) + " dnat to " + backend.text() + ":" + target + ";";
    const auto outcome = nft(
        node, "table ip service { chain pods { type nat hook prerouting priority dstnat; " + rule +
                  " }; chain node { type nat hook output priority -100; " + rule + " }; }\n");
    if (outcome.exit != 0) {
        throw Error(Status::Internal, "nft failed: " + outcome.err);
    }
}

ServiceRule::~ServiceRule() {
    try {
        (void)nft(node_, "delete table ip service\n");
    } catch (const Error&) {  // the node's namespace goes, too
    }
}

IpAddress ServiceRule::address() {
    return IpAddress::parse("10.96.0.1").value();
}

}  // namespace terway::test
