// Pods without a link on their node, made by the real modules: slaves of the node's ENI (ipvlan) or
// ENIs of their own (eni-exclusive). The VPC answers for everybody and routes, as Alibaba's does.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "base/netns.hpp"
#include "terway/testing.hpp"

namespace terway::test {

enum class Dataplane { Veth, Ipvlan, EniExclusive };

// "veth", "ipvlan", "eni-exclusive".
[[nodiscard]] std::optional<Dataplane> parse_dataplane(std::string_view text);

// One node's. All calls are made in the node's namespace.
class PolicyLinks {
public:
    // `node`, with its uplink, and `vpc` are lent. `name` tells its links in the VPC from others'.
    PolicyLinks(Dataplane dataplane, sdk::testing::FakeHost& fake, const Netns& node,
                const Netns& vpc, std::string name, const std::vector<IpAddress>& node_addresses);

    // Its link is there, but not yet its ways.
    [[nodiscard]] twy_attachment attach(sdk::testing::EndpointBuilder& pod, const Netns& netns,
                                        const std::vector<IpAddress>& addresses);
    void activate(sdk::testing::EndpointBuilder& pod, const twy_attachment& made);
    void detach(sdk::testing::EndpointBuilder& pod);

    // Whether the VPC answers neighbours' questions for an address at this node: where it is on
    // another. (IPv6; IPv4 needs no telling.)
    void answer_for(const IpAddress& address, bool is_elsewhere);

private:
    struct Eni {
        std::string id;
        std::uint32_t vpc_ifindex = 0;
        std::uint32_t ifindex = 0;
        Mac mac;
    };

    [[nodiscard]] Eni plug_in();

    Dataplane dataplane_;
    const Netns& node_;
    const Netns& vpc_;
    std::string name_;
    std::vector<IpAddress> node_addresses_;
    sdk::testing::ModuleUnderTest module_;
    std::optional<Eni> shared_;       // of ipvlan
    std::map<std::string, Eni> own_;  // by container id
    unsigned plugged_ = 0;
};

}  // namespace terway::test
