// veth, mode "vpc-route": one veth pair a pod, routed. See README.md.
#include <terway/module.hpp>

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>

#include "base/netns.hpp"
#include "base/time.hpp"
#include "guard.hpp"
#include "netlink/link.hpp"
#include "netlink/route.hpp"
#include "netlink/socket_pool.hpp"
#include "netlink/sysctl.hpp"
#include "plan.hpp"

namespace terway::veth {
namespace {

using netlink::Link;
using netlink::Socket;

constexpr std::uint32_t kFallbackMtu = 1500;

bool ours(const Link& link, const Plan& plan) {
    return link.group != TWY_RETIRED_LINK_GROUP && link.alias == plan.alias;
}

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

[[noreturn]] void differs(const std::string& what) {
    throw Error(Status::Internal, what);
}

class Veth final : public sdk::Module, public sdk::Dataplane {
public:
    using Module::Module;

    void configure(sdk::Config& config) override {
        (void)config.choice("mode", "vpc-route", {"vpc-route"});
        mtu_ = static_cast<std::uint32_t>(config.integer("mtu", 0, 576, 65535));
        guard_ = config.boolean("source_guard", true);
        masquerade_ = config.boolean("masquerade", true);
        for (const auto& item : config.strings("cluster_cidrs")) {
            if (const auto prefix = Prefix::parse(item.text)) {
                cluster_.push_back(*prefix);
            } else {
                config.complain(item.line, item.column,
                                "cluster_cidrs: \"" + item.text + "\" is no prefix");
            }
        }
    }

    void start(const twy_node& node) override {
        Masquerade masquerade;
        bool v6 = false;
        for (std::size_t i = 0; i < node.pod_cidr_count; ++i) {
            const auto cidr = Prefix::from_abi(node.pod_cidrs[i]);
            v6 = v6 || !cidr.is_v4();
            if (masquerade_) {
                masquerade.pods.push_back(cidr);
            }
        }
        if (v6 && netlink::read_sysctl("net/ipv6/conf/all/forwarding") != "1") {
            throw Error(Status::Unsupported,
                        "net.ipv6.conf.all.forwarding is not 1, but the node has an IPv6 pod CIDR; "
                        "set it with: sysctl -w net.ipv6.conf.all.forwarding=1");
        }
        masquerade.cluster = cluster_;
        default_mtu_ = mtu_ != 0 ? mtu_ : uplink_mtu();
        ruleset_ = ruleset(guard_, masquerade);
        load_ruleset(ruleset_);
    }

    void purge() override { remove_tables(); }

    twy_attachment attach(const sdk::Call& call, const sdk::EndpointView& endpoint) override {
        const Plan plan = veth::plan(endpoint, default_mtu_);
        if (endpoint.netns_fd() < 0) {
            throw Error(Status::Gone, "the sandbox is gone");
        }
        const auto lease = route_.borrow();
        Socket& host_socket = *lease;
        const Link host = create(call, host_socket, endpoint, plan);
        netlink::change_link(host_socket, host.index,
                             {.up = true, .alias = plan.alias, .no_ipv6_link_local = true});
        prepare_host(plan);
        Socket pod_socket = prepare_pod(plan, endpoint.netns_fd());
        for (const auto& address : plan.addresses) {
            netlink::ensure_address(pod_socket, host.peer_index, address);
        }
        for (const auto& neighbour : pod_neighbours(plan, host.peer_index)) {
            netlink::ensure_neighbour(pod_socket, neighbour);
        }
        for (const auto& neighbour : host_neighbours(plan, host.index)) {
            netlink::ensure_neighbour(host_socket, neighbour);
        }
        if (guard_) {
            admit(*nft_.borrow(), plan);
        }
        return attachment_of(plan, host);
    }

    void activate(const sdk::Call& call, const sdk::EndpointView& endpoint,
                  const twy_attachment& attachment) override {
        const Plan plan = veth::plan(endpoint, default_mtu_);
        const auto lease = route_.borrow();
        Socket& host_socket = *lease;
        for (const auto& route : host_routes(plan, attachment.host_ifindex)) {
            netlink::ensure_route(host_socket, route);
        }
        Socket pod_socket = Socket::in(endpoint.netns_fd());
        bring_up(pod_socket, plan, attachment.pod_ifindex);
        const Deadline deadline = after(std::chrono::milliseconds(call.deadline_ms()));
        await_running(host_socket, attachment.host_ifindex, deadline);
        await_running(pod_socket, attachment.pod_ifindex, deadline);
        await_local(pod_socket, plan, deadline);
    }

    void detach(const sdk::Call& call, const sdk::EndpointView& endpoint) override {
        Plan plan = veth::plan(endpoint, default_mtu_);
        const auto lease = route_.borrow();
        Socket& socket = *lease;
        // A name of Felix's form belongs to the pod, not to the sandbox: a newer sandbox of the
        // same pod may have it by now.
        auto host = netlink::find_link(socket, plan.host_ifname);
        if (host && (host->group == TWY_RETIRED_LINK_GROUP ||
                     (!host->alias.empty() && host->alias != plan.alias))) {
            host.reset();
        }
        if (host) {
            if (plan.addresses.empty()) {
                plan.addresses = routed_addresses(socket, host->index);
            }
            for (const auto& route : host_routes(plan, host->index)) {
                (void)netlink::remove_route(socket, route);
            }
        }
        if (guard_) {
            expel(*nft_.borrow(), plan);
        }
        if (host) {
            call.retire_link(host->index);
        }
    }

    void check(const sdk::Call& /*call*/, const sdk::EndpointView& endpoint) override {
        const Plan plan = veth::plan(endpoint, default_mtu_);
        Socket socket;
        const Link host = existing(socket, plan);
        if (!host.up || host.mtu != plan.mtu || host.mac != kHostMac || host.group != kLinkGroup) {
            differs("link " + host.name + " is down or has another MTU, MAC or group");
        }
        check_routes(socket, host_routes(plan, host.index));
        check_neighbours(socket, host_neighbours(plan, host.index));
        if (endpoint.netns_fd() >= 0) {
            check_pod(plan, endpoint.netns_fd());
        }
        verify(*nft_.borrow(), plan, ruleset_);
    }

    twy_attachment adopt(const sdk::Call& /*call*/, const sdk::EndpointView& endpoint) override {
        const Plan plan = veth::plan(endpoint, default_mtu_);
        Socket socket;
        const auto found = netlink::find_link(socket, plan.host_ifname);
        if (!found || !ours(*found, plan)) {
            throw Error(Status::Gone, "link " + plan.host_ifname + " does not exist");
        }
        const Link& host = *found;
        if (!host.up || host.group != kLinkGroup) {
            netlink::change_link(socket, host.index, {.up = true, .group = kLinkGroup});
        }
        repair_host(socket, plan, host.index);
        if (endpoint.netns_fd() >= 0) {
            Socket pod_socket = Socket::in(endpoint.netns_fd());
            // The path of a sandbox may by now lead to another's namespace.
            const auto pod = netlink::find_link(pod_socket, host.peer_index);
            if (pod && pod->kind == "veth" && pod->mac == plan.pod_mac) {
                repair_pod(pod_socket, plan, host.peer_index);
            }
        }
        return attachment_of(plan, host);
    }

private:
    // The MTU of the link that carries the node's default route.
    static std::uint32_t uplink_mtu() {
        Socket socket;
        for (const auto* any : {"0.0.0.0/0", "::/0"}) {
            const auto route = netlink::find_route(socket, *Prefix::parse(any));
            const auto link =
                route && route->oif != 0 ? netlink::find_link(socket, route->oif) : std::nullopt;
            if (link) {
                return link->mtu;
            }
        }
        return kFallbackMtu;
    }

    static Link existing(Socket& socket, const Plan& plan) {
        const auto host = netlink::find_link(socket, plan.host_ifname);
        if (!host || !ours(*host, plan)) {
            differs("link " + plan.host_ifname + " does not exist");
        }
        return *host;
    }

    // The addresses of an endpoint nobody remembers: what the kernel still routes to its link.
    static std::vector<Prefix> routed_addresses(Socket& socket, std::uint32_t host_ifindex) {
        std::vector<Prefix> found;
        for (const auto family : {Family::V4, Family::V6}) {
            for (const auto& route : netlink::routes(socket, family)) {
                const auto& to = route.destination;
                if (route.oif == host_ifindex && to.length() == to.address().bits()) {
                    found.push_back(to);
                }
            }
        }
        return found;
    }

    // Creates the pair; replaces a leftover that holds one of the two names.
    static Link create(const sdk::Call& call, Socket& socket, const sdk::EndpointView& endpoint,
                       const Plan& plan) {
        const netlink::VethEnd host_end{plan.host_ifname, kHostMac, plan.mtu, kLinkGroup};
        const netlink::VethEnd pod_end{plan.pod_ifname, plan.pod_mac, plan.mtu, 0,
                                       endpoint.netns_fd()};
        try {
            netlink::create_veth(socket, host_end, pod_end);
        } catch (const Error& error) {
            if (error.sys_errno() != EEXIST) {
                throw;
            }
            clear_names(call, socket, endpoint, plan);
            netlink::create_veth(socket, host_end, pod_end);
        }
        const auto host = netlink::find_link(socket, plan.host_ifname);
        if (!host) {
            throw Error(Status::Gone, "link " + plan.host_ifname + " vanished while being made");
        }
        return *host;
    }

    static void clear_names(const sdk::Call& call, Socket& socket,
                            const sdk::EndpointView& endpoint, const Plan& plan) {
        (void)netlink::remove_link(socket, plan.host_ifname);
        Socket pod_socket = Socket::in(endpoint.netns_fd());
        const auto in_pod = netlink::find_link(pod_socket, plan.pod_ifname);
        if (!in_pod) {
            return;
        }
        const auto other_end = netlink::find_link(socket, in_pod->peer_index);
        if (in_pod->kind != "veth" || !other_end || other_end->group != TWY_RETIRED_LINK_GROUP) {
            throw Error(Status::Invalid, "the sandbox already has a link " + plan.pod_ifname);
        }
        (void)call.await_retired();
    }

    static void prepare_host(const Plan& plan) {
        if (plan.has_v6()) {
            const auto conf = "net/ipv6/conf/" + plan.host_ifname + "/";
            netlink::write_sysctl(conf + "disable_ipv6", "0");
            netlink::write_sysctl(conf + "forwarding", "1");
            netlink::write_sysctl(conf + "accept_ra", "0");
        }
    }

    // One visit for all that must be done from inside; the socket stays there.
    static Socket prepare_pod(const Plan& plan, int netns_fd) {
        const auto conf = "net/ipv6/conf/" + plan.pod_ifname + "/";
        const NetnsScope scope(netns_fd);
        if (plan.has_v6()) {
            netlink::write_sysctl(conf + "disable_ipv6", "0");
            netlink::write_sysctl(conf + "accept_ra", "0");
        } else {
            (void)netlink::try_write_sysctl(conf + "accept_ra", "0");
        }
        return Socket();
    }

    // What the kernel does in its own time after a link comes up, and drops packets until then.
    static void await(Deadline deadline, const std::string& what,
                      const std::function<bool()>& done) {
        while (!done()) {
            if (Clock::now() >= deadline) {
                throw Error(Status::Retry, what);
            }
            (void)::poll(nullptr, 0, 1);
        }
    }

    // The carrier is noticed up to a second late; since Linux 6.8 at once when somebody asks.
    static void await_running(Socket& socket, std::uint32_t ifindex, Deadline deadline) {
        await(deadline, "link " + std::to_string(ifindex) + " has no carrier", [&] {
            const auto link = netlink::find_link(socket, ifindex);
            if (!link) {
                throw Error(Status::Gone, "link " + std::to_string(ifindex) + " vanished");
            }
            return link->running;
        });
    }

    // An IPv6 address receives once it has a route in the local table.
    static void await_local(Socket& pod_socket, const Plan& plan, Deadline deadline) {
        for (const auto& address : plan.addresses) {
            await(deadline, "address " + address.address().text() + " does not become local", [&] {
                return address.is_v4() ||
                       netlink::find_route(pod_socket, address, RT_TABLE_LOCAL).has_value();
            });
        }
    }

    static void bring_up(Socket& pod_socket, const Plan& plan, std::uint32_t pod_ifindex) {
        netlink::change_link(pod_socket, pod_ifindex, {.up = true});
        // A pod with several networks keeps the default route of the first.
        for (const auto& route : pod_routes(plan, pod_ifindex)) {
            (void)netlink::add_route(pod_socket, route);
        }
    }

    void repair_host(Socket& socket, const Plan& plan, std::uint32_t host_ifindex) {
        for (const auto& neighbour : host_neighbours(plan, host_ifindex)) {
            netlink::ensure_neighbour(socket, neighbour);
        }
        for (const auto& route : host_routes(plan, host_ifindex)) {
            netlink::ensure_route(socket, route);
        }
        if (guard_) {
            admit(*nft_.borrow(), plan);
        }
    }

    static void repair_pod(Socket& pod_socket, const Plan& plan, std::uint32_t pod_ifindex) {
        for (const auto& address : plan.addresses) {
            netlink::ensure_address(pod_socket, pod_ifindex, address);
        }
        bring_up(pod_socket, plan, pod_ifindex);
        for (const auto& neighbour : pod_neighbours(plan, pod_ifindex)) {
            netlink::ensure_neighbour(pod_socket, neighbour);
        }
    }

    static void check_pod(const Plan& plan, int netns_fd) {
        Socket socket = Socket::in(netns_fd);
        const auto pod = netlink::find_link(socket, plan.pod_ifname);
        if (!pod || !pod->up || pod->mtu != plan.mtu || pod->mac != plan.pod_mac) {
            differs("link " + plan.pod_ifname +
                    " in the sandbox is missing, down or has another MTU or MAC");
        }
        const auto found = netlink::addresses(socket, pod->index);
        for (const auto& address : plan.addresses) {
            if (std::find(found.begin(), found.end(), address) == found.end()) {
                differs("link " + plan.pod_ifname + " in the sandbox lacks address " +
                        address.text());
            }
        }
        check_default_routes(socket, pod_routes(plan, pod->index));
        check_neighbours(socket, pod_neighbours(plan, pod->index));
    }

    // The default route may lead through another network of the pod.
    static void check_default_routes(Socket& socket, const std::vector<netlink::Route>& wanted) {
        for (const auto& route : wanted) {
            const auto found = netlink::find_route(socket, route.destination);
            if (!found || (found->oif == route.oif && found->gateway != route.gateway)) {
                differs("the sandbox has no default route to " + route.gateway->text());
            }
        }
    }

    static void check_routes(Socket& socket, const std::vector<netlink::Route>& wanted) {
        for (const auto& route : wanted) {
            const auto found = netlink::find_route(socket, route.destination);
            if (!found || found->oif != route.oif || found->gateway != route.gateway) {
                differs("the route to " + route.destination.text() +
                        " is missing or leads elsewhere");
            }
        }
    }

    static void check_neighbours(Socket& socket, const std::vector<netlink::Neighbour>& wanted) {
        for (const auto& neighbour : wanted) {
            const auto found =
                netlink::neighbours(socket, neighbour.address.family(), neighbour.ifindex);
            if (std::find(found.begin(), found.end(), neighbour) == found.end()) {
                differs("the permanent neighbour " + neighbour.address.text() +
                        " is missing or has another MAC");
            }
        }
    }

    // Set by configure and start, which never run beside another verb.
    std::uint32_t mtu_ = 0;
    std::uint32_t default_mtu_ = kFallbackMtu;
    bool guard_ = true;
    bool masquerade_ = true;
    std::vector<Prefix> cluster_;
    std::string ruleset_;
    netlink::SocketPool route_{NETLINK_ROUTE};
    netlink::SocketPool nft_{NETLINK_NETFILTER};
};

}  // namespace
}  // namespace terway::veth

TERWAY_MODULE(terway::veth::Veth, "veth", TERWAY_VERSION, "kernel>=4.19", "netdev:veth", "nft:inet",
              "nft:arp", "sysctl:net.ipv4.ip_forward=1", "cap:net_admin");
