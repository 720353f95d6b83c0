// ipvlan: each pod a slave of the ENI that has its address. See README.md.
#include <terway/module.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>

#include "base/netns.hpp"
#include "base/time.hpp"
#include "eni.hpp"
#include "eni_plan.hpp"
#include "host_side.hpp"
#include "masquerade.hpp"
#include "netlink/nic.hpp"
#include "netlink/socket_pool.hpp"
#include "netlink/sysctl.hpp"
#include "netlink/tc.hpp"
#include "options.hpp"
#include "plan.hpp"
#include "pod_side.hpp"

namespace terway::ipvlan {
namespace {

using netlink::Socket;

constexpr std::uint32_t kLoopbackIndex = 1;

twy_attachment attachment_of(const Plan& plan, const Memory& memory) {
    auto made = sdk::sized<twy_attachment>();
    made.pod_ifindex = memory.pod_ifindex;
    made.mtu = memory.mtu;
    std::copy(plan.mac.bytes.begin(), plan.mac.bytes.end(), made.pod_mac);
    for (const auto& gateway : plan.gateways) {
        made.gateways[made.gateway_count++] = Prefix::host(gateway).to_abi();
    }
    return made;
}

void expect_forwarding(const NodeFacts& facts) {
    const bool v6 = std::any_of(facts.addresses.begin(), facts.addresses.end(),
                                [](const IpAddress& each) { return !each.is_v4(); });
    if (v6 && netlink::read_sysctl("net/ipv6/conf/all/forwarding") != "1") {
        throw Error(Status::Unsupported,
                    "net.ipv6.conf.all.forwarding is not 1, but the node has an IPv6 address; set "
                    "it with: sysctl -w net.ipv6.conf.all.forwarding=1");
    }
}

class Ipvlan final : public sdk::Module, public sdk::Dataplane, public sdk::Eni {
public:
    using Module::Module;

    void configure(sdk::Config& config) override { options_ = read_options(config); }

    // The filters themselves, on the loopback of a namespace made for it.
    void preflight() override {
        const auto scratch = Netns::create();
        auto socket = Socket::in(scratch.fd());
        EniPlan plan;
        plan.steered = {Prefix::parse("192.0.2.0/24").value(),
                        Prefix::parse("2001:db8::/64").value()};
        try {
            netlink::ensure_clsact(socket, kLoopbackIndex);
            for (const auto& filter : steering(plan, kLoopbackIndex)) {
                netlink::add_filter(socket, kLoopbackIndex, filter);
            }
        } catch (const Error& error) {
            throw Error(Status::Unsupported,
                        std::string("this kernel cannot steer packets to the host: ") +
                            error.what() +
                            "; modprobe cls_flower act_tunnel_key act_skbedit act_mirred, or boot "
                            "a kernel that has them",
                        error.sys_errno());
        }
    }

    void start(const twy_node& node) override {
        facts_ = {};
        for (std::size_t i = 0; i < node.address_count; ++i) {
            facts_.addresses.push_back(Prefix::from_abi(node.addresses[i]).address());
        }
        if (facts_.addresses.empty()) {
            throw Error(Status::Invalid, "ipvlan needs the node's own address, and none is known");
        }
        expect_forwarding(facts_);
        Socket socket;
        const auto uplink = netlink::find_uplink(socket);
        facts_.mtu = options_.mtu != 0 ? options_.mtu : uplink ? uplink->mtu : facts_.mtu;
        ruleset_ = ruleset(options_, facts_);
        load_table(ruleset_);
    }

    void purge() override { remove_table(); }

    twy_attachment attach(const sdk::Call& call, const sdk::EndpointView& endpoint) override {
        const Plan plan = ipvlan::plan(endpoint, facts_);
        expect_on_eni(plan);
        if (endpoint.netns_fd() < 0) {
            throw Error(Status::Gone, "the sandbox is gone");
        }
        const auto host = route_.borrow();
        if (!netlink::find_nic_at(*host, plan.eni_ifindex, plan.mac)) {
            throw Error(Status::Gone, "ENI " + plan.eni + " is not there (index " +
                                          std::to_string(plan.eni_ifindex) + ", MAC " +
                                          plan.mac.text() + ")");
        }
        const auto link = build_pod(*host, plan, endpoint.netns_fd());
        const Memory memory{link.index, plan.mtu};
        call.put_state(memory.text());
        return attachment_of(plan, memory);
    }

    void activate(const sdk::Call& call, const sdk::EndpointView& endpoint,
                  const twy_attachment& attachment) override {
        const Plan plan = ipvlan::plan(endpoint, facts_);
        open_way(*route_.borrow(), plan);
        bring_up_pod(plan, endpoint.netns_fd(), attachment.pod_ifindex,
                     after(std::chrono::milliseconds(call.deadline_ms())));
    }

    void detach(const sdk::Call& /*call*/, const sdk::EndpointView& endpoint) override {
        const Plan plan = ipvlan::plan(endpoint, facts_);
        close_way(*route_.borrow(), plan);
        if (endpoint.netns_fd() >= 0) {
            remove_pod(plan, endpoint.netns_fd());
        }
    }

    void check(const sdk::Call& /*call*/, const sdk::EndpointView& endpoint) override {
        const Plan plan = ipvlan::plan(endpoint, facts_);
        check_way(*route_.borrow(), plan);
        if (endpoint.netns_fd() >= 0) {
            check_pod(plan, endpoint.netns_fd());
        }
        verify_table(*nft_.borrow(), ruleset_);
    }

    twy_attachment adopt(const sdk::Call& /*call*/, const sdk::EndpointView& endpoint) override {
        const Plan plan = ipvlan::plan(endpoint, facts_);
        Memory memory = Memory::parse(endpoint.state());
        if (endpoint.netns_fd() >= 0) {
            const auto link = repair_pod(plan, endpoint.netns_fd());
            if (!link) {
                throw Error(Status::Gone, "the sandbox has no link " + plan.ifname + " of ours");
            }
            memory = {link->index, link->mtu};
        }
        repair_way(*route_.borrow(), plan);
        restore_table_if_changed();
        return attachment_of(plan, memory);
    }

    void prepare_eni(const sdk::Call& /*call*/, const sdk::EniView& eni) override {
        Socket socket;
        ipvlan::prepare_eni(socket, plan_eni(eni, facts_, options_), is_uplink(socket, eni));
        restore_table_if_changed();
    }

    void check_eni(const sdk::Call& /*call*/, const sdk::EniView& eni) override {
        Socket socket;
        ipvlan::check_eni(socket, plan_eni(eni, facts_, options_), is_uplink(socket, eni));
        verify_table(*nft_.borrow(), ruleset_);
    }

    void forget_eni(const sdk::Call& /*call*/, const sdk::EniView& eni) override {
        Socket socket;
        ipvlan::forget_eni(socket, plan_eni(eni, facts_, options_), is_uplink(socket, eni));
    }

private:
    // Whoever flushes nftables takes our table along.
    void restore_table_if_changed() {
        try {
            verify_table(*nft_.borrow(), ruleset_);
        } catch (const Error&) {
            load_table(ruleset_);
        }
    }

    static bool is_uplink(Socket& socket, const sdk::EniView& eni) {
        const auto uplink = netlink::find_uplink(socket);
        return uplink && uplink->index == eni.ifindex();
    }

    // Set by configure and start, which never run beside another verb.
    Options options_;
    NodeFacts facts_;
    std::string ruleset_;
    netlink::SocketPool route_{NETLINK_ROUTE};
    netlink::SocketPool nft_{NETLINK_NETFILTER};
};

}  // namespace
}  // namespace terway::ipvlan

TERWAY_MODULE(terway::ipvlan::Ipvlan, "ipvlan", TERWAY_VERSION, "kernel>=4.19", "netdev:ipvlan",
              "qdisc:clsact", "nft:inet", "sysctl:net.ipv4.ip_forward=1", "cap:net_admin",
              "offers:pod-link");
