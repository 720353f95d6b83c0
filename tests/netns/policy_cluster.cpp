#include "policy_cluster.hpp"

#include <algorithm>

#include "netlink/link.hpp"
#include "netlink/route.hpp"
#include "netlink/sysctl.hpp"
#include "policy/abi_update.hpp"
#include "retired_links.hpp"

namespace terway::test {
namespace {

constexpr std::uint32_t kLoopback = 1;

void prepare(const Netns& netns) {
    const NetnsScope scope(netns.fd());
    netlink::Socket socket;
    netlink::change_link(socket, kLoopback, {.up = true});
    netlink::write_sysctl("net/ipv4/ip_forward", "1");
    netlink::write_sysctl("net/ipv6/conf/all/forwarding", "1");
    // Every refusal is told.
    netlink::write_sysctl("net/ipv4/icmp_ratemask", "0");
    netlink::write_sysctl("net/ipv6/icmp/ratelimit", "0");
    for (const auto* const part : {"all", "default"}) {
        netlink::write_sysctl(std::string("net/ipv4/conf/") + part + "/rp_filter", "0");
        netlink::write_sysctl(std::string("net/ipv6/conf/") + part + "/accept_dad", "0");
    }
}

IpAddress address(const char* text) {
    return IpAddress::parse(text).value();
}

Mac mac(unsigned number, std::uint8_t end) {
    return {{0x02, 0, end, 0, static_cast<std::uint8_t>(number >> 8U),
             static_cast<std::uint8_t>(number)}};
}

}  // namespace

std::string name_of(PolicyModule module) {
    return module == PolicyModule::Felix ? "felix" : "bpf";
}

PolicyCluster::~PolicyCluster() {
    for (auto& [_, node] : nodes_) {
        if (node->module) {  // what is pinned would outlive the node's namespace
            const NetnsScope scope(node->netns.fd());
            node->module->purge();
        }
    }
}

PolicyCluster::PolicyCluster(Dataplane dataplane, PolicyModule module)
    : dataplane_(dataplane), kind_(module) {
    serve_retired_links(fake_);
    prepare(vpc_);
}

void PolicyCluster::on_node(const std::string& name, const std::function<void()>& body) const {
    const NetnsScope scope(node(name).fd());
    body();
}

void PolicyCluster::connect(const Netns& inner, const std::vector<IpAddress>& addresses,
                            const Netns& outer, const std::string& outer_link,
                            const std::string& inner_link) {
    ++made_;
    auto outside = netlink::Socket::in(outer.fd());
    auto inside = netlink::Socket::in(inner.fd());
    netlink::VethEnd here;
    here.name = outer_link;
    here.mac = mac(made_, 1);
    netlink::VethEnd there;
    there.name = inner_link;
    there.mac = mac(made_, 2);
    there.netns_fd = inner.fd();
    netlink::create_veth(outside, here, there);
    const auto out = netlink::find_link(outside, outer_link).value().index;
    const auto in = netlink::find_link(inside, inner_link).value().index;
    netlink::change_link(outside, out, {.up = true});
    netlink::change_link(inside, in, {.up = true});
    for (const auto& each : addresses) {
        const auto gateway = address(each.is_v4() ? "169.254.0.1" : "fe80::1");
        netlink::ensure_address(inside, in, Prefix::host(each));
        netlink::ensure_neighbour(inside, {in, gateway, *here.mac});
        netlink::Route away;
        away.destination = Prefix(address(each.is_v4() ? "0.0.0.0" : "::"), 0);
        away.gateway = gateway;
        away.oif = in;
        away.onlink = true;
        netlink::ensure_route(inside, away);
        netlink::ensure_neighbour(outside, {out, each, *there.mac});
        netlink::Route to;
        to.destination = Prefix::host(each);
        to.oif = out;
        to.scope = RT_SCOPE_LINK;
        netlink::ensure_route(outside, to);
    }
}

void PolicyCluster::start(Node& node) {
    const NetnsScope scope(node.netns.fd());
    node.module = std::make_unique<sdk::testing::ModuleUnderTest>(
        kind_ == PolicyModule::Felix ? TERWAY_POLICY_FELIX : TERWAY_POLICY_BPF, fake_);
    node.module->configure(config_);
    node.module->preflight();
    std::vector<twy_prefix> own;
    for (const auto& each : node.addresses) {
        own.push_back(Prefix::host(each).to_abi());
    }
    node.module->start({}, own);
}

void PolicyCluster::add_node(const std::string& name, const std::vector<IpAddress>& addresses) {
    auto& node = *nodes_.emplace(name, std::make_unique<Node>()).first->second;
    node.addresses = addresses;
    prepare(node.netns);
    connect(node.netns, addresses, vpc_, name, "eth0");
    if (dataplane_ != Dataplane::Veth) {
        const NetnsScope scope(node.netns.fd());
        node.links = std::make_unique<PolicyLinks>(
            dataplane_, fake_, node.netns, vpc_, "node" + std::to_string(nodes_.size()), addresses);
    }
    start(node);
}

void PolicyCluster::add_external(const std::string& name, const std::vector<IpAddress>& addresses) {
    const auto& netns = externals_.emplace(name, Netns::create()).first->second;
    prepare(netns);
    connect(netns, addresses, vpc_, name, "eth0");
}

PolicyPod& PolicyCluster::add_pod(const std::string& name, const std::string& node,
                                  const std::vector<IpAddress>& addresses) {
    auto& pod = *pods_.emplace(name, std::make_unique<PolicyPod>()).first->second;
    pod.node = node;
    pod.addresses = addresses;
    prepare(pod.netns);
    auto number = std::to_string(added_++);
    number.insert(0, 11 - number.size(), '0');
    pod.endpoint = sdk::testing::EndpointBuilder(number);
    pod.endpoint.netns(pod.netns.fd()).mtu(1500);
    for (const auto& each : addresses) {
        pod.endpoint.address(each.text());
    }
    if (dataplane_ == Dataplane::Veth) {
        attach_veth(pod);
    } else {
        attach_inner(pod);
    }
    return pod;
}

void PolicyCluster::attach_veth(PolicyPod& pod) {
    const auto& node = *nodes_.at(pod.node);
    const auto link = pod.endpoint.host_ifname();
    connect(pod.netns, pod.addresses, node.netns, link, "eth0");
    auto host = netlink::Socket::in(node.netns.fd());
    const auto found = netlink::find_link(host, link).value();
    pod.made = sdk::sized<twy_attachment>();
    pod.made.mtu = 1500;
    pod.made.host_ifindex = found.index;
    pod.made.pod_ifindex = found.peer_index;
    link.copy(pod.made.host_ifname, sizeof pod.made.host_ifname - 1);
    auto vpc = netlink::Socket::in(vpc_.fd());
    for (const auto& each : pod.addresses) {
        const auto by = std::find_if(node.addresses.begin(), node.addresses.end(),
                                     [&](const auto& of) { return of.family() == each.family(); });
        if (by != node.addresses.end()) {
            netlink::Route to;
            to.destination = Prefix::host(each);
            to.gateway = *by;
            to.oif = netlink::find_link(vpc, pod.node).value().index;
            to.onlink = true;
            netlink::ensure_route(vpc, to);
        }
    }
    on_node(pod.node, [&] { module(pod.node).attach_policy(pod.endpoint, pod.made); });
}

void PolicyCluster::attach_inner(PolicyPod& pod) {
    for (auto& [name, node] : nodes_) {
        for (const auto& each : pod.addresses) {
            node->links->answer_for(each, name != pod.node);
        }
    }
    auto& links = *nodes_.at(pod.node)->links;
    on_node(pod.node, [&] {
        pod.made = links.attach(pod.endpoint, pod.netns, pod.addresses);
        module(pod.node).attach_policy(pod.endpoint, pod.made);
        links.activate(pod.endpoint, pod.made);
    });
}

void PolicyCluster::remove_pod(const std::string& name) {
    auto& pod = *pods_.at(name);
    on_node(pod.node, [&] {
        module(pod.node).detach_policy(pod.endpoint);
        if (const auto& links = nodes_.at(pod.node)->links) {
            links->detach(pod.endpoint);
            return;
        }
        netlink::Socket socket;
        (void)netlink::remove_link(socket, pod.endpoint.host_ifname());
    });
    pods_.erase(name);
}

std::vector<std::string> PolicyCluster::pods() const {
    std::vector<std::string> names;
    for (const auto& [name, _] : pods_) {
        names.push_back(name);
    }
    return names;
}

void PolicyCluster::apply(const policy::Update& update, bool is_full) {
    for (auto& [name, node] : nodes_) {
        const auto keys = [&, &wanted = name](const policy::ObjectName& asked) {
            std::vector<policy::EndpointKey> out;
            const auto found = pods_.find(asked.text());
            if (found != pods_.end() && found->second->node == wanted) {
                const auto& endpoint = found->second->endpoint;
                out.push_back({endpoint.container_id(), endpoint.ifname()});
            }
            return out;
        };
        const policy::AbiUpdate lowered(update, is_full, keys);
        const NetnsScope scope(node->netns.fd());
        node->module->apply(lowered.raw());
    }
}

void PolicyCluster::restart(const std::function<void()>& meanwhile) {
    for (auto& [name, node] : nodes_) {
        const NetnsScope scope(node->netns.fd());
        node->module.reset();
        meanwhile();
        start(*node);
        for (auto& [_, pod] : pods_) {
            if (pod->node == name) {
                node->module->adopt_policy(pod->endpoint, pod->made);
            }
        }
    }
}

}  // namespace terway::test
