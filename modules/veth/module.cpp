// veth: one veth pair a pod, routed. See README.md.
#include <terway/module.hpp>

#include <algorithm>
#include <chrono>
#include <string>

#include "base/time.hpp"
#include "eni.hpp"
#include "former.hpp"
#include "guard.hpp"
#include "netlink/link.hpp"
#include "netlink/nic.hpp"
#include "netlink/route.hpp"
#include "netlink/socket_pool.hpp"
#include "netlink/sysctl.hpp"
#include "netlink/wait.hpp"
#include "options.hpp"
#include "plan.hpp"
#include "pod_side.hpp"
#include "return_path.hpp"
#include "routed/host_side.hpp"
#include "routed/source_guard.hpp"

namespace terway::veth {
namespace {

using netlink::Link;
using netlink::Socket;

twy_attachment attachment_of(const Plan& plan, const Link& host) {
    auto made = sdk::sized<twy_attachment>();
    made.host_ifindex = host.index;
    made.pod_ifindex = host.peer_index;
    made.mtu = host.mtu;
    std::copy(plan.pod_mac.bytes.begin(), plan.pod_mac.bytes.end(), made.pod_mac);
    std::copy(host.mac.bytes.begin(), host.mac.bytes.end(), made.host_mac);
    std::copy(host.name.begin(), host.name.end(), made.host_ifname);
    for (const auto& gateway : plan.gateways) {
        made.gateways[made.gateway_count++] = Prefix::host(gateway).to_abi();
    }
    return made;
}

class Veth final : public sdk::Module, public sdk::Dataplane, public sdk::Eni {
public:
    using Module::Module;

    void configure(sdk::Config& config) override { options_ = read_options(config); }

    void start(const twy_node& node) override {
        facts_ = {};
        for (std::size_t i = 0; i < node.address_count; ++i) {
            facts_.addresses.push_back(Prefix::from_abi(node.addresses[i]).address());
        }
        facts_.guarded = options_.source_guard;
        const bool takes_eni_pods = options_.mode != Mode::VpcRoute;
        if (takes_eni_pods && facts_.addresses.empty()) {
            throw Error(Status::Invalid,
                        "pods on ENIs need the node's own address, and none is known");
        }
        Masquerade masquerade;
        bool v6 = takes_eni_pods && std::any_of(facts_.addresses.begin(), facts_.addresses.end(),
                                                [](const auto& each) { return !each.is_v4(); });
        for (std::size_t i = 0; i < node.pod_cidr_count; ++i) {
            const auto cidr = Prefix::from_abi(node.pod_cidrs[i]);
            v6 = v6 || !cidr.is_v4();
            if (options_.masquerade) {
                masquerade.pods.push_back(cidr);
            }
        }
        if (v6 && netlink::read_sysctl("net/ipv6/conf/all/forwarding") != "1") {
            throw Error(Status::Unsupported,
                        "net.ipv6.conf.all.forwarding is not 1, but pods have IPv6 addresses; "
                        "set it with: sysctl -w net.ipv6.conf.all.forwarding=1");
        }
        masquerade.cluster = options_.cluster_cidrs;
        Socket socket;
        const auto uplink = netlink::find_uplink(socket);
        facts_.eni_pods = takes_eni_pods || former_rules(socket);
        facts_.mtu = options_.mtu != 0 ? options_.mtu : uplink ? uplink->mtu : facts_.mtu;
        symmetric_ =
            uplink && (options_.symmetric_routing || (!takes_eni_pods && former_marking(socket)));
        ruleset_ =
            ruleset(options_.source_guard, masquerade, symmetric_ ? uplink->name : std::string());
        const bool may_keep = options_.mode == Mode::SecondaryIp || options_.masquerade;
        const auto kept = masquerade.pods.empty() && may_keep ? former_masquerade(socket) : "";
        ruleset_ += kept;
        load_ruleset(ruleset_);
        if (masquerade.pods.empty() && kept.empty()) {
            remove_masquerade();
        }
        if (symmetric_) {
            ensure_return_path(socket);
        } else {
            remove_marking();
            remove_return_path(socket);
        }
    }

    void purge() override {
        Socket socket;
        remove_return_path(socket);
        remove_tables();
    }

    twy_attachment attach(const sdk::Call& call, const sdk::EndpointView& endpoint) override {
        const Plan plan = veth::plan(endpoint, facts_);
        if (const auto reason = refusal(options_.mode, plan.rule_from); !reason.empty()) {
            throw Error(Status::Invalid, reason);
        }
        if (plan.rule_from && plan.eni_table == 0) {
            throw Error(Status::Invalid, "the endpoint's ENI " + std::string(endpoint.eni_id()) +
                                             " has no link on this node");
        }
        if (endpoint.netns_fd() < 0) {
            throw Error(Status::Gone, "the sandbox is gone");
        }
        const auto lease = route_.borrow();
        const Link host = routed::build_host(call, *lease, endpoint, plan);
        (void)build_pod(plan, endpoint.netns_fd(), host.peer_index);
        admit_or_restore(plan);
        return attachment_of(plan, host);
    }

    void activate(const sdk::Call& call, const sdk::EndpointView& endpoint,
                  const twy_attachment& attachment) override {
        const Plan plan = veth::plan(endpoint, facts_);
        const auto lease = route_.borrow();
        routed::open_way(*lease, plan, attachment.host_ifindex);
        Socket pod_socket = Socket::in(endpoint.netns_fd());
        bring_up_pod(pod_socket, plan, attachment.pod_ifindex);
        const Deadline deadline = after(std::chrono::milliseconds(call.deadline_ms()));
        await_running(*lease, attachment.host_ifindex, deadline);
        await_running(pod_socket, attachment.pod_ifindex, deadline);
        await_local(pod_socket, plan.addresses, deadline);
    }

    void detach(const sdk::Call& call, const sdk::EndpointView& endpoint) override {
        Plan plan = veth::plan(endpoint, facts_);
        const auto lease = route_.borrow();
        const auto host = routed::find_leftover(*lease, plan);
        if (host && plan.addresses.empty()) {
            plan.addresses = routed::known_addresses(*lease, host->index);
            plan.rule_to = plan.rule_from = true;  // perhaps
        }
        routed::close_way(*lease, plan, host ? host->index : 0);
        if (options_.source_guard) {
            expel(*nft_.borrow(), plan);
        }
        if (host) {
            call.retire_link(host->index);
        }
    }

    void check(const sdk::Call& /*call*/, const sdk::EndpointView& endpoint) override {
        const Plan plan = veth::plan(endpoint, facts_);
        Socket socket;
        routed::check_host(socket, plan);
        if (endpoint.netns_fd() >= 0) {
            check_pod(plan, endpoint.netns_fd());
        }
        verify(*nft_.borrow(), plan, ruleset_);
    }

    twy_attachment adopt(const sdk::Call& /*call*/, const sdk::EndpointView& endpoint) override {
        const Plan plan = veth::plan(endpoint, facts_);
        Socket socket;
        const auto host = routed::find_host(socket, plan);
        if (!host) {
            throw Error(Status::Gone, "link " + plan.host_ifname + " does not exist");
        }
        routed::repair_host(socket, plan, *host);
        admit_or_restore(plan);
        restore_tables_if_changed();
        if (endpoint.netns_fd() >= 0) {
            repair_pod(plan, endpoint.netns_fd(), host->peer_index);
        }
        return attachment_of(plan, *host);
    }

    void prepare_eni(const sdk::Call& /*call*/, const sdk::EniView& eni) override {
        Socket socket;
        veth::prepare_eni(socket, plan_eni(eni, facts_), is_uplink(socket, eni));
        if (symmetric_) {
            ensure_return_path(socket);
        }
        restore_tables_if_changed();
    }

    void check_eni(const sdk::Call& /*call*/, const sdk::EniView& eni) override {
        Socket socket;
        veth::check_eni(socket, plan_eni(eni, facts_), is_uplink(socket, eni));
        if (symmetric_) {
            check_return_path(socket);
        }
        verify_rules(*nft_.borrow(), ruleset_);
    }

    void forget_eni(const sdk::Call& /*call*/, const sdk::EniView& eni) override {
        Socket socket;
        veth::forget_eni(socket, plan_eni(eni, facts_), is_uplink(socket, eni));
    }

private:
    // Whoever flushes nftables takes our tables along, and with them who was admitted.
    void admit_or_restore(const Plan& plan) {
        if (!options_.source_guard) {
            restore_tables_if_changed();
            return;
        }
        routed::admit_or_restore(*nft_.borrow(), kTable, plan, ruleset_);
    }

    void restore_tables_if_changed() {
        routed::restore_if_changed(*nft_.borrow(), kTable, ruleset_);
    }

    static bool is_uplink(Socket& socket, const sdk::EniView& eni) {
        const auto uplink = netlink::find_uplink(socket);
        return uplink && uplink->index == eni.ifindex();
    }

    // Set by configure and start, which never run beside another verb.
    Options options_;
    NodeFacts facts_;
    bool symmetric_ = false;  // marked connections take the return path
    std::string ruleset_;
    netlink::SocketPool route_{NETLINK_ROUTE};
    netlink::SocketPool nft_{NETLINK_NETFILTER};
};

}  // namespace
}  // namespace terway::veth

TERWAY_MODULE(terway::veth::Veth, "veth", TERWAY_VERSION, "kernel>=4.19", "netdev:veth", "nft:inet",
              "nft:arp", "sysctl:net.ipv4.ip_forward=1", "cap:net_admin", "offers:host-link",
              "offers:pod-link");
