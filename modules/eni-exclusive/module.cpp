// eni-exclusive: one whole ENI a pod. See README.md.
#include <terway/module.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

#include "base/time.hpp"
#include "eni.hpp"
#include "netlink/difference.hpp"
#include "netlink/link.hpp"
#include "netlink/nic.hpp"
#include "netlink/ruleset.hpp"
#include "netlink/socket_pool.hpp"
#include "netlink/sysctl.hpp"
#include "netlink/wait.hpp"
#include "options.hpp"
#include "plan.hpp"
#include "pod_side.hpp"
#include "routed/host_side.hpp"
#include "routed/source_guard.hpp"
#include "ruleset.hpp"

namespace terway::eni_exclusive {
namespace {

using netlink::Link;
using netlink::Socket;

twy_attachment attachment_of(const Plan& plan, const Memory& links) {
    auto made = sdk::sized<twy_attachment>();
    made.pod_ifindex = links.eni_ifindex;
    made.side_ifindex = links.peer_ifindex;
    made.mtu = plan.mtu;
    std::copy(plan.eni_mac.bytes.begin(), plan.eni_mac.bytes.end(), made.pod_mac);
    for (const auto& gateway : plan.gateways) {
        if (made.gateway_count < 2) {
            made.gateways[made.gateway_count++] = Prefix::host(gateway).to_abi();
        }
    }
    return made;
}

Mac mac_of(const sdk::EniView& eni) {
    Mac mac;
    std::copy(eni.mac().begin(), eni.mac().end(), mac.bytes.begin());
    return mac;
}

class EniExclusive final : public sdk::Module, public sdk::Dataplane, public sdk::Eni {
public:
    using Module::Module;

    void configure(sdk::Config& config) override { options_ = read_options(config); }

    void start(const twy_node& node) override {
        facts_ = {};
        facts_.host_peer = options_.host_peer;
        for (std::size_t i = 0; i < node.address_count; ++i) {
            facts_.addresses.push_back(Prefix::from_abi(node.addresses[i]).address());
        }
        facts_.beyond_peer = options_.service_cidrs;
        facts_.beyond_peer.insert(facts_.beyond_peer.end(), options_.host_stack_cidrs.begin(),
                                  options_.host_stack_cidrs.end());
        need_v6_forwarding();
        Socket socket;
        const auto uplink = netlink::find_uplink(socket);
        facts_.mtu = options_.mtu != 0 ? options_.mtu : uplink ? uplink->mtu : facts_.mtu;
        ruleset_ = ruleset(options_.masquerade, facts_.addresses);
        netlink::load_ruleset(kTable, ruleset_);
        if (!options_.masquerade) {
            netlink::unload_ruleset(kTable,
                                    "delete chain inet " + std::string(kTable) + " postrouting");
        }
    }

    void purge() override { routed::remove_tables(kTable); }

    twy_attachment attach(const sdk::Call& call, const sdk::EndpointView& endpoint) override {
        Plan plan = eni_exclusive::plan(endpoint, facts_);
        plan.has_peer = facts_.host_peer;
        if (plan.eni_mac == Mac{}) {
            throw Error(Status::Invalid,
                        "the endpoint has no ENI; a dataplane that lends whole ENIs needs [pool] "
                        "source = \"exclusive-eni\"");
        }
        if (endpoint.netns_fd() < 0) {
            throw Error(Status::Gone, "the sandbox is gone");
        }
        const auto host = route_.borrow();
        (void)bring_home(*host, endpoint.netns_fd(), plan);
        std::uint32_t peer_ifindex = 0;
        if (plan.has_peer) {
            peer_ifindex = routed::build_host(call, *host, endpoint, plan.pair).peer_index;
        }
        lend(call, *host, plan, endpoint.netns_fd());
        const Memory links = build_pod(plan, endpoint.netns_fd(), peer_ifindex);
        if (plan.has_peer) {
            routed::admit_or_restore(*nft_.borrow(), kTable, plan.pair, ruleset_);
        }
        call.put_state(links.text());
        return attachment_of(plan, links);
    }

    void activate(const sdk::Call& call, const sdk::EndpointView& endpoint,
                  const twy_attachment& attachment) override {
        const Plan plan = eni_exclusive::plan(endpoint, facts_);
        const Memory links{attachment.pod_ifindex, attachment.side_ifindex};
        const Deadline deadline = after(std::chrono::milliseconds(call.deadline_ms()));
        Socket pod = Socket::in(endpoint.netns_fd());
        if (plan.has_peer) {
            const auto host = route_.borrow();
            const auto end = required_host_end(*host, plan);
            routed::open_way(*host, plan.pair, end.index);
            bring_up_pod(pod, plan, links);
            netlink::await_running(*host, end.index, deadline);
            netlink::await_running(pod, links.peer_ifindex, deadline);
        } else {
            bring_up_pod(pod, plan, links);
        }
        netlink::await_running(pod, links.eni_ifindex, deadline);
        netlink::await_local(pod, plan.addresses, deadline);
    }

    void detach(const sdk::Call& call, const sdk::EndpointView& endpoint) override {
        Plan plan = eni_exclusive::plan(endpoint, facts_);
        const auto host = route_.borrow();
        const auto end = routed::find_leftover(*host, plan.pair);
        if (end && plan.pair.addresses.empty()) {
            plan.pair.addresses = routed::known_addresses(*host, end->index);
        }
        routed::close_way(*host, plan.pair, end ? end->index : 0);
        routed::expel(*nft_.borrow(), kTable, plan.pair);
        if (endpoint.netns_fd() < 0 || !bring_home(*host, endpoint.netns_fd(), plan)) {
            // The kernel may have brought it, or it never left.
            if (const auto eni = find_lent(*host, plan)) {
                settle(*host, *eni, facts_.mtu);
            }
        }
        if (end) {
            call.retire_link(end->index);
        }
    }

    void check(const sdk::Call& /*call*/, const sdk::EndpointView& endpoint) override {
        const Plan plan = eni_exclusive::plan(endpoint, facts_);
        Socket socket;
        if (at_home(socket, plan.eni_mac)) {
            netlink::differs("ENI " + plan.eni_id + " is on the node, not in the sandbox");
        }
        if (plan.has_peer) {
            routed::check_host(socket, plan.pair);
        }
        if (endpoint.netns_fd() >= 0) {
            check_pod(plan, endpoint.netns_fd());
        }
        if (plan.has_peer) {
            const auto nft = nft_.borrow();
            netlink::verify_ruleset(*nft, kTable, ruleset_);
            routed::verify_admitted(*nft, kTable, plan.pair);
        }
    }

    twy_attachment adopt(const sdk::Call& call, const sdk::EndpointView& endpoint) override {
        const Plan plan = eni_exclusive::plan(endpoint, facts_);
        Socket socket;
        if (at_home(socket, plan.eni_mac)) {
            throw Error(Status::Gone, "ENI " + plan.eni_id + " is on the node again");
        }
        std::optional<Link> end;
        if (plan.has_peer) {
            end = required_host_end(socket, plan);
            routed::repair_host(socket, plan.pair, *end);
            routed::admit_or_restore(*nft_.borrow(), kTable, plan.pair, ruleset_);
            routed::restore_if_changed(*nft_.borrow(), kTable, ruleset_);
        }
        Memory links = Memory::parse(endpoint.state());
        if (endpoint.netns_fd() >= 0) {
            links = repair_pod(plan, endpoint.netns_fd());
            call.put_state(links.text());
        } else if (end) {
            links.peer_ifindex = end->peer_index;
        }
        return attachment_of(plan, links);
    }

    void prepare_eni(const sdk::Call& /*call*/, const sdk::EniView& eni) override {
        Socket socket;
        const Link link = required_at_home(socket, eni);
        const auto uplink = netlink::find_uplink(socket);
        if (uplink && uplink->index == link.index) {
            throw Error(Status::Unsupported, "ENI " + std::string(eni.id()) + " (" + link.name +
                                                 ") is the node's uplink and cannot be lent");
        }
        clean(socket, link, facts_.mtu);
        routed::restore_if_changed(*nft_.borrow(), kTable, ruleset_);
    }

    void check_eni(const sdk::Call& /*call*/, const sdk::EniView& eni) override {
        Socket socket;
        check_clean(socket, required_at_home(socket, eni), facts_.mtu);
        netlink::verify_ruleset(*nft_.borrow(), kTable, ruleset_);
    }

    void forget_eni(const sdk::Call& /*call*/, const sdk::EniView& eni) override {
        Socket socket;
        if (const auto link = at_home(socket, mac_of(eni))) {
            settle(socket, *link, facts_.mtu);
        }
    }

private:
    void need_v6_forwarding() const {
        const bool v6 = std::any_of(facts_.addresses.begin(), facts_.addresses.end(),
                                    [](const auto& each) { return !each.is_v4(); });
        if (v6 && options_.host_peer &&
            netlink::read_sysctl("net/ipv6/conf/all/forwarding") != "1") {
            throw Error(Status::Unsupported,
                        "net.ipv6.conf.all.forwarding is not 1, but the node has an IPv6 address; "
                        "set it with: sysctl -w net.ipv6.conf.all.forwarding=1");
        }
    }

    static Link required_host_end(Socket& socket, const Plan& plan) {
        auto end = routed::find_host(socket, plan.pair);
        if (!end) {
            throw Error(Status::Gone, "link " + plan.pair.host_ifname + " does not exist");
        }
        return *end;
    }

    // No MAC is the loopback's.
    static std::optional<Link> at_home(Socket& socket, const Mac& mac) {
        return mac == Mac{} ? std::nullopt : netlink::find_nic(socket, mac);
    }

    static Link required_at_home(Socket& socket, const sdk::EniView& eni) {
        auto link = at_home(socket, mac_of(eni));
        if (!link) {
            throw Error(Status::Gone, "ENI " + std::string(eni.id()) +
                                          " is not in the host's namespace: no "
                                          "link has MAC " +
                                          mac_of(eni).text());
        }
        return *link;
    }

    // Set by configure and start, which never run beside another verb.
    Options options_;
    NodeFacts facts_;
    std::string ruleset_;
    netlink::SocketPool route_{NETLINK_ROUTE};
    netlink::SocketPool nft_{NETLINK_NETFILTER};
};

}  // namespace
}  // namespace terway::eni_exclusive

TERWAY_MODULE(terway::eni_exclusive::EniExclusive, "eni-exclusive", TERWAY_VERSION, "kernel>=5.7",
              "netdev:veth", "nft:inet", "nft:arp", "sysctl:net.ipv4.ip_forward=1", "cap:net_admin",
              "eni:exclusive", "offers:pod-link");
